/**
 * How much time is looked at, and in how coarse windows.
 *
 * @typedef {{ name: string, label: string, seconds: number }} Span
 */

const [MINUTE, HOUR, DAY] = [60, 3_600, 86_400];

/** @type {readonly Span[]} */
export const SPANS = [
  { name: '5m', label: '5 minutes', seconds: 5 * MINUTE },
  { name: '15m', label: '15 minutes', seconds: 15 * MINUTE },
  { name: '1h', label: '1 hour', seconds: HOUR },
  { name: '6h', label: '6 hours', seconds: 6 * HOUR },
  { name: '1d', label: '1 day', seconds: DAY },
  { name: '7d', label: '7 days', seconds: 7 * DAY },
  { name: '30d', label: '30 days', seconds: 30 * DAY },
  { name: '90d', label: '90 days', seconds: 90 * DAY },
  { name: '365d', label: '1 year', seconds: 365 * DAY },
];

/** @type {readonly Span[]} What the API takes as `bucket`. */
const BUCKETS = [
  ...[1, 5, 10, 30].map((n) => ({ name: `${n} seconds`, label: `${n} s`, seconds: n })),
  { name: 'minute', label: '1 min', seconds: MINUTE },
  ...[5, 15].map((n) => ({ name: `${n} minutes`, label: `${n} min`, seconds: n * MINUTE })),
  { name: 'hour', label: '1 hour', seconds: HOUR },
  { name: '6 hours', label: '6 hours', seconds: 6 * HOUR },
  { name: 'day', label: '1 day', seconds: DAY },
  { name: 'week', label: '1 week', seconds: 7 * DAY },
  { name: 'month', label: '1 month', seconds: 30 * DAY },
];

/** Bars of a chart at most, and at least so many that it is one. */
const [MOST, FEWEST] = [180, 60];

/**
 * The buckets that cut no window, the smallest first.
 *
 * @param {import('./answers.js').WindowShape} window
 * @returns {readonly Span[]}
 */
export function bucketsOf({ kind, shape }) {
  if (kind === 'session') return BUCKETS.filter(({ seconds }) => seconds >= MINUTE);
  if (kind === 'calendar') {
    const unit = BUCKETS.find(({ name }) => name === shape[0]);
    return unit
      ? BUCKETS.filter(({ name, seconds }) => seconds >= unit.seconds && (unit.name !== 'week' || name === 'week'))
      : [];
  }
  // a hopping window is put together of panes as long as its hop
  const stored = Number(kind === 'hopping' ? shape[1] : shape[0]) / 1_000_000;
  const fitting = BUCKETS.filter(({ seconds }) => Math.min(seconds, DAY) % stored === 0);
  if (fitting[0]?.seconds === stored || stored >= DAY) return fitting;
  return [{ name: `${stored * 1_000} milliseconds`, label: `${stored} s`, seconds: stored }, ...fitting];
}

/** Whose clocks and calendar the buckets of a table follow; windows by the zone of each event have no choice. @param {import('./answers.js').WindowShape} window */
export const bucketZoneOf = ({ kind, shape }) =>
  kind !== 'calendar' ? 'UTC' : shape[1] === '*' ? undefined : String(shape[1]);

/** @param {readonly Span[]} buckets */
export function usualSpan(buckets) {
  const [smallest] = buckets;
  return SPANS.find(({ seconds }) => seconds >= FEWEST * (smallest?.seconds ?? 0)) ?? SPANS[0];
}

/** Buckets of which a span has neither too many nor too few. @param {readonly Span[]} buckets @param {Span} span */
export const fittingBuckets = (buckets, span) =>
  buckets.filter(({ seconds }) => span.seconds / seconds <= 2 * MOST && span.seconds / seconds >= 2);

/** @param {readonly Span[]} fitting @param {Span} span */
export const usualBucket = (fitting, span) =>
  fitting.find(({ seconds }) => span.seconds / seconds <= MOST) ?? fitting[0];
