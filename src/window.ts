import type { Micros } from './event-time.ts';

/** A half-open span of event time, `[start, end)`. */
export interface Span {
  readonly start: Micros;
  readonly end: Micros;
}

/** How event times become windows. */
export interface Window<T = never> {
  readonly kind: 'tumbling' | 'hopping' | 'calendar' | 'session';
  /** What the database must agree on, beside the kind. */
  readonly shape: readonly (string | number)[];
  /**
   * What is stored for an event of that time: its window; of a hopping window the pane, one hop long; of a session the instant itself, from which the
   * store makes sessions. `end` is the earliest moment at which a window that holds it ends, of a session the instant: it may join one that ends
   * any moment later.
   */
  readonly of: (time: Micros, event: T) => Span;
  /** Microseconds from start to end of what is stored, where that is the same for all. */
  readonly stored: Micros | undefined;
  /** Most microseconds from the start of a window to its end; of a session the gap, beyond which nothing is waited for. */
  readonly longest: Micros;
  /** Where the zone is the event's: it is a key column `zone`. */
  readonly zone?: (event: T) => string;
}
