/** What a worker was busy with over the last seconds, as it tells of itself. Shares are of time, from 0 to 1. */
export interface Vitals {
  /** What rates and shares are of; less than ten at first. */
  readonly seconds: number;
  readonly rates: Rates;
  /** In the order of the graph. */
  readonly stages: readonly StageVitals[];
  /** Share of time that its one JavaScript thread worked. */
  readonly loop: number;
  /** Resident memory of the process. */
  readonly rssBytes: number;
  /** Decoded bytes in custody. */
  readonly heldBytes: number;
  /** Share of the credit in use: messages or bytes, whichever is more. */
  readonly credit: number;
  /** Flushes that failed and were repeated. */
  readonly retries: number;
  /** `open`: it has stopped receiving, since the database fails. */
  readonly breaker: 'closed' | 'open';
}

/** A second. `messages` is what came; the others are events, by what became of them. */
export interface Rates {
  readonly messages: number;
  readonly committed: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly diverted: number;
  readonly late: number;
}

/** One stage of a worker; the three shares sum to 1. */
export interface StageVitals {
  /** `receive`, those that the graph's operators are named by, `delete`. */
  readonly stage: string;
  /** Messages a second that came into it. */
  readonly messages: number;
  readonly busy: number;
  /** It could not go on, since what follows did not take more. */
  readonly backpressured: number;
  readonly idle: number;
  /** Messages in it now. */
  readonly held: number;
}
