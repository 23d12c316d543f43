/** How values are spread: how many were up to each bound, those beyond the last one, and their sum. */
export interface SpreadReading {
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * Counts values by size, in plain fields that somebody reads now and then: adding one costs some nanoseconds.
 *
 * @example
 * const seconds = new Spread(CALL_SECONDS);
 * seconds.add(0.012);
 */
export class Spread {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  add(value: number): void {
    let i = 0;
    while (value > (this.#bounds[i] ?? Number.POSITIVE_INFINITY)) i += 1;
    this.#counts[i] = (this.#counts[i] ?? 0) + 1;
    this.#sum += value;
  }

  read(): SpreadReading {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/** Bounds of what calls over a network take, in seconds: OpenTelemetry's for messaging and for HTTP. */
export const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** The same, and beyond: a message may be in custody for hours. */
export const CUSTODY_SECONDS = [...CALL_SECONDS, 30, 60, 300, 3_600];
/** Bounds of what statements take, in seconds: OpenTelemetry's for databases. */
export const STATEMENT_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** Bounds of how many events are in a flush. */
export const FLUSH_EVENTS = [1, 10, 50, 100, 500, 1_000, 2_500, 5_000, 10_000];
