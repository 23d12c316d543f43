import type { StandardSchemaV1 } from '@standard-schema/spec';
import { type } from 'arktype';
import { merge, type MonoTypeOperatorFunction } from 'rxjs';
import * as v from 'valibot';
import { z } from 'zod';
import {
  acknowledge,
  type Batch,
  count,
  decode,
  eventTable,
  type EventTableOptions,
  foldInto,
  gather,
  json,
  max,
  mean,
  min,
  type Pipeline,
  pipeline,
  sum,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { MAX_BYTES, MAX_RECORDS } from './fuzz-case.ts';

/** An event as far as anybody knows: whatever a schema let through. */
// oxlint-disable-next-line typescript/no-explicit-any
type Whatever = any;

/** A pipeline under fire: its schema and its callbacks are what differs. */
export interface Subject {
  readonly name: string;
  /** The whole graph; `watch` sees each batch as it was decoded. */
  build(watch: MonoTypeOperatorFunction<Batch<Whatever>>): Pipeline;
}

const LIMIT = 1_000_000_000;
/** Whole cents within a billion add up exactly as plain numbers; anything else counts as none. */
export const centsOf = (value: unknown): number =>
  Number.isSafeInteger(value) && Math.abs(value as number) <= LIMIT ? (value as number) + 0 : 0;

const subject = (
  name: string,
  schema: StandardSchemaV1,
  options: Partial<EventTableOptions<Whatever>> = {},
): Subject => {
  const events = eventTable<StandardSchemaV1<unknown, Whatever>>(`${name}_events`, {
    schema: schema as StandardSchemaV1<unknown, Whatever>,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    ...options,
  });
  const trade = windowTable(`${name}_trade`, events, {
    window: tumbling('10s'),
    key: { product: (e) => e.product },
    measures: {
      orders: count(),
      cents: sum((e) => centsOf(e.cents)),
      least: min((e) => centsOf(e.cents)),
      most: max((e) => centsOf(e.cents)),
      mean: mean((e) => centsOf(e.cents)),
    },
  });
  // Takes the amount as it is: only the two stores are compared here.
  const amounts = windowTable(`${name}_amounts`, events, {
    window: tumbling('1d'),
    key: {},
    measures: { total: sum((e) => e.cents), least: min((e) => e.cents), most: max((e) => e.cents) },
  });
  return {
    name,
    build: (watch) =>
      pipeline(`fuzz_${name}`, [events, trade, amounts], ({ messages, store }) =>
        messages.pipe(
          decode(json(events, { maxBytes: MAX_BYTES, maxRecords: MAX_RECORDS })),
          watch,
          gather({ events: 300, within: '20ms' }),
          transaction(store, { once: events, events: 150 }, (fresh$) =>
            merge(fresh$.pipe(foldInto(trade)), fresh$.pipe(foldInto(amounts))),
          ),
          acknowledge(),
        ),
      ),
  };
};

const Cents = z.int().min(-LIMIT).max(LIMIT);
const strict = z.object({ id: z.string(), at: z.union([z.string(), z.number()]), product: z.string(), cents: Cents });

/** Everything there is to throw, and what can be thrown. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  error: () => new Error('boom'),
  text: () => 'boom',
  nothing: () => null,
  symbol: () => Symbol('boom'),
  undefined: () => undefined,
  bare: () => Object.create(null) as unknown,
};

/** Values that make the callbacks of the subject `throwing` throw. */
export const triggers: readonly string[] = Object.keys(THROWN).map((name) => `throw ${name}`);

function spring<T>(value: T): T {
  const thrown = typeof value === 'string' && value.startsWith('throw ') ? THROWN[value.slice(6)] : undefined;
  if (thrown) throw thrown();
  return value;
}

export const subjects: readonly Subject[] = [
  subject('zod_strip', strict),
  subject(
    'zod_uuid',
    z.looseObject({
      id: z.string(),
      at: z.union([z.string(), z.number()]).transform((at) => at),
      product: z.string().default('none'),
      cents: z.union([
        Cents,
        z
          .string()
          .regex(/^-?\d{1,9}$/)
          .transform(Number),
      ]),
    }),
    { id: { uuid: (e: Whatever) => e.id } },
  ),
  subject(
    'valibot',
    v.looseObject({
      id: v.string(),
      at: v.union([v.string(), v.number()]),
      product: v.string(),
      cents: v.pipe(v.number(), v.integer(), v.minValue(-LIMIT), v.maxValue(LIMIT)),
    }),
  ),
  subject('arktype', type({ id: 'string', at: 'string | number', product: 'string', cents: 'number.integer' })),
  subject('anything', z.any(), {
    columns: {
      amount: { numeric: (e: Whatever) => e.cents },
      whole: { bigint: (e: Whatever) => e.n },
      yes: { boolean: (e: Whatever) => e.yes },
    },
  }),
  subject('throwing', strict.extend({ product: z.string().transform(spring), note: z.unknown().optional() }), {
    id: (e: Whatever) => spring(e.id),
    columns: { note: (e: Whatever) => spring(e.note) },
  }),
  // Zod hides a throw behind a promise; valibot lets it pass.
  subject(
    'valibot_throwing',
    v.looseObject({
      id: v.string(),
      at: v.union([v.string(), v.number()]),
      product: v.pipe(v.string(), v.transform(spring)),
      cents: v.pipe(v.number(), v.integer()),
    }),
  ),
];

/** The subject of a name. */
export function subjectOf(name: string): Subject {
  const found = subjects.find((each) => each.name === name);
  if (!found) throw new Error(`no subject '${name}'; there are ${subjects.map((each) => each.name).join(', ')}`);
  return found;
}
