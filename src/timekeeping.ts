import type { Dropped } from './dropped.ts';
import type { Micros } from './event-time.ts';
import type { Vitals } from './vitals.ts';
import type { Outbox } from './outbox.ts';

/** How far a worker is. */
export interface Report {
  /** Everything sent before this was seen, as far as this worker can tell: milliseconds since 1970; `undefined` while it cannot. */
  readonly low: number | undefined;
  /** The source that is furthest behind. */
  readonly source: string;
  /** Whether a message in custody is why; otherwise the queue was last seen empty then. */
  readonly holding: boolean;
  /** How the worker is, for people to read. */
  readonly vitals?: Vitals;
}

/** What the store answers. */
export interface Reported {
  /** The store's clock, milliseconds since 1970: read before the answer arrived. */
  readonly clock: number;
  /** The watermark in force; `undefined` before there is one. */
  readonly watermark: Micros | undefined;
  /** Whether this report moved the watermark, and so this worker should {@link Timekeeping.tick}. */
  readonly moved: boolean;
}

/** What a tick did. */
export interface Ticked {
  /** Windows that became final. */
  readonly final: number;
  /** Windows that changed after they were final, and were announced. */
  readonly revised: number;
}

/**
 * The part of a store that makes windows final. The watermark is the smallest `low` of all live workers, less the allowed skew; it never goes back. Its
 * clocks are the queue's and the store's: no event can move it.
 */
export interface Timekeeping {
  /** Says that the worker is alive and how far it is, and moves the watermark. */
  report(report: Report): Promise<Reported>;
  /**
   * Makes final what the watermark has passed, and announces what was revised; with both, `whenFinal` has its windows. Safe from any number of workers at once.
   */
  tick(): Promise<Ticked>;
  /** What of that is to leave the store. */
  readonly outbox: Outbox;
  /**
   * Makes room for the days to come, and drops what is older than is kept. Safe from any number of workers at once.
   *
   * @param onDropped told what was dropped, also before a failure.
   */
  retain(onDropped?: (dropped: Dropped) => void): Promise<void>;
  /** The worker ends and holds nothing: nobody need wait for it. */
  leave(): Promise<void>;
}
