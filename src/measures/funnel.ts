import { declared, isRecord } from '../declared.ts';
import { type ItemRow, type Measure, type MeasureOptions, measureOptions } from '../measure.ts';
import { byBytes } from './by-bytes.ts';

export interface FunnelOptions<T, U extends string = string> extends MeasureOptions<U> {
  /** Who takes the steps; of null none is taken. Default, in session windows alone: the session does. */
  readonly by?: (event: T) => string | null | undefined;
  /** The steps in their order, by name: whether an event is one. */
  readonly steps: Readonly<Record<string, (event: T) => boolean>>;
}

/**
 * How many took the steps of a funnel one after the other, within a window: for each step a `bigint` column `<name>_<step>`, how many reached it. A step is
 * reached by the first event of it that is not earlier than the one by which the step before was reached; so it counts at the same microsecond too, and one event
 * may be several steps. Whatever the order of arrival, since each event of a step is a row of `<table>_<name>`.
 *
 * @throws ConfigError for no steps, or names of them that are whole numbers: JavaScript moves those to the front.
 * @example
 * funnel({ by: (e) => e.user, steps: { view: (e) => e.type === 'view', cart: (e) => e.type === 'cart', buy: (e) => e.type === 'buy' } })
 */
export function funnel<T, const U extends string = string>(options: FunnelOptions<T, U>): Measure<T, U> {
  const { by, steps, ...rest } = measureOptions(options, 'funnel', ['by', 'steps', 'unit']);
  const taken: boolean = by === undefined || typeof by === 'function';
  declared(taken, 'funnel by', 'a function of the event', by, 'by: (e) => e.user');
  const given: boolean = isRecord(steps) && Object.values(steps).every((each) => typeof each === 'function');
  declared(given, 'funnel steps', 'conditions by name', steps, 'steps: { view: (e) => e.type === … }');
  const names = Object.keys(steps);
  const conditions = Object.values(steps);
  declared(names.length > 0, 'funnel steps', 'at least one', steps, 'steps: { view: (e) => e.type === … }');
  const number = names.find((name) => /^\d+$/.test(name));
  declared(
    number === undefined,
    'funnel steps',
    'names that are no whole numbers: JavaScript puts those in an order of its own',
    number,
    `'step_${number}'`,
  );
  return {
    ...rest,
    kind: 'funnel',
    ...(by ? {} : { needs: 'session' }),
    shape: [by ? 'by' : 'key', ...names],
    inputs: [],
    parts: [],
    items: {
      columns: { ...(by ? { subject: 'text' } : {}), step: 'bigint', at: 'bigint' },
      each: (event, { time }, emit) => {
        for (let step = 0; step < conditions.length; step++) {
          if (!conditions[step]?.(event)) continue;
          if (!by) emit([step, time]);
          else {
            const subject = by(event);
            if (subject !== null && subject !== undefined) emit([subject, step, time]);
          }
        }
      },
      parts: [{ suffix: 'n', type: 'bigint', of: 'events', combine: 'sum' }],
    },
    functions: [WALK],
    readings: names.map((name, step) => ({
      suffix: `_${name}`,
      type: 'bigint',
      sql: (column) =>
        `coalesce((scalestream.funnel_walk(${by ? column('subject') : `''::text`}, ${column('step')} order by ${by ? `${column('subject')} collate "C", ` : ''}${column('at')}, ${column('step')})).reached[${step + 1}], 0)`,
      of: (_, items) => String(reached(items, step)),
    })),
  };
}

/** How many reached that step: the same as `scalestream.funnel_walk`. */
function reached(items: readonly ItemRow[], last: number): number {
  const steps = items.map(({ subject, step, at }) => ({ subject: subject ?? '', step: Number(step), at: Number(at) }));
  const next = new Map<string, number>();
  for (const { subject, step } of steps.sort((a, b) => byBytes(a.subject, b.subject) || a.at - b.at || a.step - b.step))
    if (step === (next.get(subject) ?? 0)) next.set(subject, step + 1);
  return [...next.values()].filter((step) => step > last).length;
}

/**
 * Walks through the steps of one subject after the other, each in order of time: the next one counts when it comes. One aggregate that says how many reached
 * each step: Postgres computes it once, however many columns read of it, and it holds no more than where it is, however many items there are.
 */
const WALK = `do $do$ begin
  if to_regtype('scalestream.funnel_walk') is null then
    create type scalestream.funnel_walk as (subject text, next bigint, reached bigint[]);
  end if;
end $do$;
create or replace function scalestream.funnel_step(walk scalestream.funnel_walk, subject text, step bigint) returns scalestream.funnel_walk
language plpgsql immutable parallel safe as $f$
begin
  if subject is distinct from walk.subject then
    walk.subject := subject;
    walk.next := 0;
  end if;
  if step = walk.next then
    walk.next := step + 1;
    walk.reached[walk.next] := coalesce(walk.reached[walk.next], 0) + 1;
  end if;
  return walk;
end $f$;
create or replace aggregate scalestream.funnel_walk(text, bigint) (sfunc = scalestream.funnel_step, stype = scalestream.funnel_walk);`;
