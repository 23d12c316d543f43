import type { Entry } from '../batch.ts';
import { parserFor } from '../codecs/parse-json.ts';
import { Refusal } from '../codecs/refusal.ts';
import { validator } from '../codecs/json.ts';
import { ConfigError } from '../errors.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Message } from '../custody.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Accumulator, accumulate, identityOf, partsOf, type WindowRow } from '../sinks/accumulate.ts';
import type { Snapshot, StoredEvent } from '../sinks/postgres/snapshot.ts';
import type { AnyEvent } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';
import { rehearse } from './rehearse.ts';

/** A window whose stored row is not the fold of the raw events. `undefined`: there is no such row, or there should be none. */
export interface Difference {
  readonly table: string;
  readonly window_start: string;
  readonly key: Readonly<Record<string, string>>;
  readonly expected: Readonly<Record<string, string | null>> | undefined;
  readonly found: Readonly<Record<string, string | null>> | undefined;
}

/** A raw event that was counted and cannot be folded any more: somebody changed it, or the schema. */
export interface Unreadable {
  readonly id: string;
  readonly why: string;
}

export interface Verification {
  /** No window differs, and every counted event could be read. */
  readonly equal: boolean;
  /** Raw events that were counted. */
  readonly events: number;
  /** Window rows compared. */
  readonly windows: number;
  /** Rows that differ. */
  readonly differing: number;
  /** Counted events that could not be read, and so are not in the fold. */
  readonly unreadable: number;
  readonly rejects: number;
}

/**
 * Recomputes every window of a pipeline from its raw events and compares: `windows = fold(raw)`, for all that begin within the retention. The fold is the pipeline's own graph, summed up
 * in memory with exact decimals: nothing of the store's SQL is trusted. Memory grows with the number of windows.
 *
 * @throws ConfigError when the raw events are not kept (`keep: { ids }`), or as {@link rehearse} does.
 */
export async function verify(
  pipeline: Pipeline,
  snapshot: Snapshot,
  onDifference: (difference: Difference | Unreadable) => void = () => undefined,
): Promise<Verification> {
  const { events: table } = pipeline;
  if (!table.whole) {
    throw new ConfigError({
      where: `eventTable('${table.name}')`,
      expected: 'raw events to verify against',
      got: 'keep: { ids }',
      fix: "keep: '90d'",
    });
  }
  const describe = await rehearse(pipeline);
  const restore = restorer(pipeline);
  const folds = new Map(pipeline.windows.map((each) => [each.name, accumulate(each)]));
  let events = 0;
  let unreadable = 0;
  const reportUnreadable = (id: string, why: string): void => {
    unreadable += 1;
    onDifference({ id, why });
  };
  for await (const stored of snapshot.events()) {
    const entries: Entry<unknown>[] = [];
    for (const event of stored) {
      const entry = restore(event, entries.length);
      if (entry instanceof Refusal) reportUnreadable(event.id, `it no longer satisfies the schema: ${entry.detail}`);
      else entries.push(entry);
    }
    const { folds: described, unfit } = await describe(entries);
    for (const [position, { detail }] of unfit)
      reportUnreadable(entries[position]?.id ?? '', `it cannot be folded any more: ${detail}`);
    for (const fold of described) folds.get(fold.table.name)?.merge(fold, (position) => !unfit.has(position));
    events += stored.length;
  }
  const horizon = await snapshot.horizon();
  let windows = 0;
  let differing = 0;
  for (const each of pipeline.windows) {
    const result = await compare(each, folds.get(each.name) as Accumulator, snapshot, horizon, onDifference);
    windows += result.windows;
    differing += result.differing;
  }
  const rejects = await snapshot.rejects();
  return { equal: differing === 0 && unreadable === 0, events, windows, differing, unreadable, rejects };
}

const NO_CUSTODY = {
  acknowledge: () => undefined,
  release: () => undefined,
  at: () => undefined,
  weigh: () => undefined,
};
const STORED: Message = {
  id: '',
  source: 'raw',
  body: '',
  attributes: {},
  sentAt: 0,
  receiveCount: 1,
  custody: NO_CUSTODY,
};

/** Reads a raw row back to its event. */
function restorer(pipeline: Pipeline): (event: StoredEvent, position: number) => Entry<unknown> | Refusal {
  const validate = validator<unknown>(pipeline.events);
  return ({ id, time, json }, position) => {
    const raw = parserFor(json)(json);
    const result = raw instanceof Refusal ? raw : validate(raw);
    if (result instanceof Refusal) return result;
    return { value: result.value, id, time, raw: json, json, message: STORED, ordinal: 0, position };
  };
}

async function compare(
  table: WindowTable<AnyEvent>,
  fold: Accumulator,
  snapshot: Snapshot,
  horizon: Micros,
  onDifference: (difference: Difference) => void,
) {
  const seen = new Set<string>();
  let windows = 0;
  let differing = 0;
  const report = (row: WindowRow, expected: WindowRow | undefined, found: WindowRow | undefined): void => {
    differing++;
    onDifference({
      table: table.name,
      window_start: new Date(row.window / MICROS_PER_MS).toISOString(),
      key: Object.fromEntries(Object.keys(table.key).map((name, i) => [name, row.key[i] as string])),
      expected: expected && measuresOf(table, expected),
      found: found && measuresOf(table, found),
    });
  };
  for await (const rows of snapshot.windows(table)) {
    for (const found of rows) {
      if (found.window < horizon) continue;
      windows++;
      const identity = identityOf(found.window, found.key);
      seen.add(identity);
      const expected = fold.get(identity);
      if (!expected || expected.parts.some((part, i) => part !== found.parts[i])) report(found, expected, found);
    }
  }
  for (const expected of fold.rows()) {
    if (expected.window >= horizon && !seen.has(identityOf(expected.window, expected.key)))
      report(expected, expected, undefined);
  }
  return { windows, differing };
}

const measuresOf = (table: WindowTable<AnyEvent>, row: WindowRow): Record<string, string | null> =>
  Object.fromEntries(partsOf(table).map((part, i) => [part.column, row.parts[i] ?? null]));
