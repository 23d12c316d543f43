/** Days whose raw events are gone, since they are older than their table keeps. */
export interface Dropped {
  readonly table: string;
  readonly keepDays: number;
  /** Dates, UTC, in order. */
  readonly days: readonly string[];
}

/**
 * What was dropped, in a line. The retention is no part of a pipeline's version: whoever made it shorter should read what that did.
 *
 * @example
 * droppedText({ table: 'orders', keepDays: 90, days: ['2026-08-01', '2026-08-02'] });
 * // 'dropped 2 days of raw events of orders: 2026-08-01 to 2026-08-02 (keep 90d)'
 */
export function droppedText({ table, keepDays, days }: Dropped): string {
  const [n, which] = days.length === 1 ? ['1 day', days[0]] : [`${days.length} days`, `${days[0]} to ${days.at(-1)}`];
  return `dropped ${n} of raw events of ${table}: ${which} (keep ${keepDays}d)`;
}
