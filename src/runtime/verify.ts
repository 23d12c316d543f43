import type { Entry } from '../batch.ts';
import { parserFor } from '../codecs/parse-json.ts';
import { Refusal } from '../codecs/refusal.ts';
import { validator } from '../codecs/json.ts';
import { ConfigError } from '../errors.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Message } from '../custody.ts';
import type { Pipeline } from '../pipeline.ts';
import { identityOf } from '../sinks/accumulate.ts';
import { type TableFold, tableFold } from '../sinks/table-fold.ts';
import { type Stored, storedOf } from '../stored.ts';
import type { Snapshot, StoredEvent, StoredRow } from '../sinks/postgres/snapshot.ts';
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
  /** Raw events that were not counted, and so are in no window; see `late: 'divert'` and `dedupe`. */
  readonly diverted: number;
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
  const [rejects, diverted] = [await snapshot.rejects(), await snapshot.diverted()];
  return { equal: differing === 0 && unreadable === 0, events, windows, differing, unreadable, rejects, diverted };
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
  fold: TableFold,
  snapshot: Snapshot,
  horizon: Micros,
  onDifference: (difference: Difference) => void,
) {
  let windows = 0;
  let differing = 0;
  for (const [relation, stored] of storedOf(table).entries()) {
    const seen = new Set<string>();
    const report = (row: StoredRow, expected: StoredRow | undefined, found: StoredRow | undefined): void => {
      differing++;
      onDifference({
        table: stored.name,
        window_start: new Date(row.window / MICROS_PER_MS).toISOString(),
        key: Object.fromEntries(stored.key.map(({ name }, i) => [name, row.key[i] as string])),
        expected: expected && partsOf(stored, expected),
        found: found && partsOf(stored, found),
      });
    };
    for await (const rows of snapshot.rows(stored)) {
      for (const found of rows) {
        if (found.window < horizon) continue;
        if (relation === 0) windows++;
        const identity = identityOf(found.window, found.key);
        seen.add(identity);
        const expected = fold.get(relation, identity);
        if (!expected || expected.parts.some((part, i) => part !== found.parts[i])) report(found, expected, found);
      }
    }
    for (const expected of fold.rows(relation)) {
      if (expected.window >= horizon && !seen.has(identityOf(expected.window, expected.key)))
        report(expected, expected, undefined);
    }
  }
  return { windows, differing };
}

const partsOf = ({ parts }: Stored, row: StoredRow): Record<string, string | null> =>
  Object.fromEntries(parts.map(({ column }, i) => [column, row.parts[i] ?? null]));
