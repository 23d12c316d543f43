import type { Entry } from '../batch.ts';
import { parserFor } from '../codecs/parse-json.ts';
import { Refusal } from '../codecs/refusal.ts';
import { validator } from '../codecs/json.ts';
import { ConfigError } from '../errors.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Pipeline } from '../pipeline.ts';
import { identityOf } from '../sinks/accumulate.ts';
import { type TableFold, tableFold } from '../sinks/table-fold.ts';
import { type Stored, storedOf } from '../stored.ts';
import type { Snapshot, StoredEvent, StoredRow } from '../sinks/postgres/snapshot.ts';
import type { AnyEvent } from '../event-table.ts';
import type { WindowTable } from '../window-table.ts';
import { rehearse } from './rehearse.ts';
import { NO_MESSAGE, windowFold } from '../operators/window-fold.ts';

/** A window, of hopping ones a pane, whose stored row is not the fold of the raw events. `undefined`: there is no such row, or there should be none. */
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
  /** No window differs, every counted event could be read, and every final window be taken that windows over them were offered. */
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
  /** Raw events that were not counted, and so are in no window; see `late: 'divert'` and `dedupe`. */
  readonly diverted: number;
  /** Final windows, or revisions of them, that windows over them have still to take: as long as there are any, those are not compared. */
  readonly untaken: number;
}

/**
 * Recomputes every window of a pipeline from its raw events and compares: `windows = fold(raw)`, for all that begin within the retention. The fold is the pipeline's own graph, summed up
 * in memory with exact decimals: nothing of the store's SQL is trusted. Memory grows with the number of windows.
 *
 * Of sessions, those are compared that begin a gap or more after the retention horizon. One that begins earlier may have lost its first events with a
 * partition that was dropped, and then begins, as far as its raw events tell, within a gap of the horizon: otherwise it would have two events a gap apart.
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
  const folds = new Map(pipeline.windows.map((each) => [each.name, tableFold(each)]));
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
    const result = await compare(each, folds.get(each.name) as TableFold, snapshot, horizon, onDifference);
    windows += result.windows;
    differing += result.differing;
  }
  let [untaken, refused] = [0, 0];
  for (const each of pipeline.over) {
    const pending = await snapshot.untaken(each);
    untaken += pending.n;
    refused += pending.refused;
    // What it has not taken yet, it cannot have counted.
    if (pending.n > 0) continue;
    const result = await compare(each, await foldOver(each, snapshot), snapshot, 0, onDifference);
    windows += result.windows;
    differing += result.differing;
  }
  const [rejects, diverted] = [await snapshot.rejects(), await snapshot.diverted()];
  const equal = differing === 0 && unreadable === 0 && refused === 0;
  return { equal, events, windows, differing, unreadable, rejects, diverted, untaken };
}

/** Folds the final windows of the table below, as they are stored: those are compared with the events. */
async function foldOver(table: WindowTable<AnyEvent>, snapshot: Snapshot): Promise<TableFold> {
  const fold = tableFold(table);
  for await (const windows of snapshot.finals(table.over as WindowTable<AnyEvent>))
    fold.merge(windowFold(table, windows), () => true);
  return fold;
}

/** Reads a raw row back to its event. */
export function restorer(pipeline: Pipeline): (event: StoredEvent, position: number) => Entry<unknown> | Refusal {
  const validate = validator<unknown>(pipeline.events);
  return ({ id, time, json }, position) => {
    const raw = parserFor(json)(json);
    const result = raw instanceof Refusal ? raw : validate(raw);
    if (result instanceof Refusal) return result;
    return { value: result.value, id, time, raw: json, json, message: NO_MESSAGE, ordinal: 0, position };
  };
}

async function compare(
  table: WindowTable<AnyEvent>,
  fold: TableFold,
  snapshot: Snapshot,
  horizon: Micros,
  onDifference: (difference: Difference) => void,
) {
  let windows = 0;
  let differing = 0;
  const from = horizon + (table.window.kind === 'session' ? table.window.longest : 0);
  for (const [relation, stored] of storedOf(table).entries()) {
    const withEnd = relation === 0 && table.window.stored === undefined;
    const seen = new Set<string>();
    const report = (row: StoredRow, expected: StoredRow | undefined, found: StoredRow | undefined): void => {
      differing++;
      onDifference({
        table: stored.name,
        window_start: new Date(row.window / MICROS_PER_MS).toISOString(),
        key: Object.fromEntries(stored.key.map(({ name }, i) => [name, row.key[i] as string])),
        expected: expected && partsOf(stored, expected, withEnd),
        found: found && partsOf(stored, found, withEnd),
      });
    };
    for await (const rows of snapshot.rows(stored, withEnd)) {
      for (const found of rows) {
        if (found.window < from) continue;
        if (relation === 0) windows++;
        const identity = identityOf(found.window, found.key);
        seen.add(identity);
        const expected = fold.get(relation, identity);
        const isSame = expected?.parts.every((part, i) => part === found.parts[i]);
        if (!isSame || (withEnd && expected?.end !== found.end)) report(found, expected, found);
      }
    }
    for (const expected of fold.rows(relation)) {
      if (expected.window >= from && !seen.has(identityOf(expected.window, expected.key)))
        report(expected, expected, undefined);
    }
  }
  return { windows, differing };
}

const partsOf = ({ parts }: Stored, row: StoredRow, withEnd: boolean): Record<string, string | null> => ({
  ...(withEnd && row.end !== undefined ? { window_end: new Date(row.end / MICROS_PER_MS).toISOString() } : {}),
  ...Object.fromEntries(parts.map(({ column }, i) => [column, row.parts[i] ?? null])),
});
