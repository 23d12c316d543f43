import type { Entry } from './batch.ts';
import type { Micros } from './event-time.ts';
import type { Reject } from './reject.ts';
import type { AnyEvent } from './event-table.ts';
import type { Timekeeping } from './timekeeping.ts';
import type { WindowTable } from './window-table.ts';

/**
 * What the events of a flush contribute to one relation: the rows of `(event, group, contributions)` and the groups that they belong to. Which of the events
 * count is decided where they are inserted.
 */
export interface Cells {
  /** Per contribution: the position of its event in the flush. */
  readonly event: readonly number[];
  /** Per contribution: the position of its group. */
  readonly group: readonly number[];
  /** Per input: one finite number, decimal text or text (or null) per contribution. */
  readonly values: readonly (readonly (number | string | null)[])[];
  /** Per group: the start of its window; see `Window.of`. */
  readonly windows: readonly Micros[];
  /** Per group: the end that belongs to it. */
  readonly ends: readonly Micros[];
  /** Per key column, and then per column that names an item: one canonical value per group. */
  readonly keys: readonly (readonly string[])[];
}

/** What the events of a flush contribute to one window table: to its windows and, per measure that has items, to those. */
export interface Fold extends Cells {
  readonly table: WindowTable<AnyEvent>;
  readonly items: readonly Cells[];
  /** Events that could not be folded, by their position. */
  readonly rejects: ReadonlyMap<number, Reject>;
}

/** Everything that one flush does to the world, in one atomic step. */
export interface Flush {
  /** Distinct by (time, id); by id, where that alone decides. */
  readonly entries: readonly Entry<unknown>[];
  readonly folds: readonly Fold[];
  readonly rejects: readonly Reject[];
}

/** What a flush did. */
export interface Outcome {
  /** Events inserted and counted. The others were there already, or are diverted. */
  readonly fresh: number;
  /** Of those: they came for a window that was final. */
  readonly late: number;
  /** Events inserted and not counted: their window was final, see `late: 'divert'`, or they cannot be told from repeats, see `dedupe`. */
  readonly diverted: number;
  /** Windows that began: rows inserted, not those merged into. */
  readonly windows: number;
  /** Rejects kept now; the others were kept already. */
  readonly rejects: number;
  /** Positions of the events that were there already, where an event is compared with what is stored under its id. */
  readonly repeats: readonly number[];
}

/** How an event compares with the one that is stored under its id and time, where both are known; `'same'` where that one's content is not. */
export type Comparison = 'same' | 'different' | 'absent';

/** The inner graph of a transaction as a function: what events contribute, and which of them turned out to be unfit, by position. */
export type Describe = (
  entries: readonly Entry<unknown>[],
) => Promise<{ readonly folds: readonly Fold[]; readonly unfit: ReadonlyMap<number, Reject> }>;

/** A store that a worker opened for one pipeline. */
export interface Store {
  /**
   * Told before the first batch what the transaction will describe, with a rehearsal without events.
   *
   * @throws StoreError when a table is folded into that the pipeline does not declare.
   */
  prepare(describe: Describe, rehearsal: readonly Fold[]): void;
  /** The oldest event time accepted now. It only moves forward. */
  horizon(): Micros;
  /**
   * Does all of the flush or nothing: inserts the events that are not there yet, folds only those, keeps the rejects.
   *
   * Delivery: repeating a flush, whole or in parts, changes nothing once it is committed; so an unknown outcome is resolved by repeating it.
   *
   * @throws StoreError whose `failure` says what to do.
   */
  commit(flush: Flush): Promise<Outcome>;
  /** Compares events with what is stored under their ids and times, counted or diverted. Changes nothing. */
  compare(entries: readonly Entry<unknown>[]): Promise<readonly Comparison[]>;
  /** What makes windows final. */
  readonly time: Timekeeping;
}
