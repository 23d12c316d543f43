import { signal } from '../ui.js';

const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Whose clocks times are shown by. */
export const zone = signal(OWN);
/** Whether there is anything to choose. */
export const hasOwnZone = OWN !== 'UTC';
export const changeZone = () => (zone.value = zone.peek() === 'UTC' ? OWN : 'UTC');

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function format(options) {
  const name = JSON.stringify([zone.value, options]);
  let known = formats.get(name);
  if (!known) formats.set(name, (known = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone.value })));
  return known;
}

const CLOCK = /** @type {const} */ ({ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const DATE = /** @type {const} */ ({ day: 'numeric', month: 'short' });

/** @param {Date} date */
export const clock = (date) => format(CLOCK).format(date);

/**
 * A moment as short as it is clear: without the day where that is today's.
 *
 * @param {Date} date
 * @param {Date} [now]
 */
export function moment(date, now = new Date()) {
  const day = format({ ...DATE, year: 'numeric' });
  if (day.format(date) === day.format(now)) return clock(date);
  const isThisYear = date.getUTCFullYear() === now.getUTCFullYear();
  return `${format(isThisYear ? DATE : { ...DATE, year: 'numeric' }).format(date)}, ${clock(date)}`;
}

/**
 * Labels of an axis: dates where a day begins, else hours and minutes.
 *
 * @param {readonly number[]} splits seconds since 1970
 * @param {number} step between them
 */
export function axisLabels(splits, step) {
  const of =
    step >= 86_400
      ? format(DATE)
      : step >= 60
        ? format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
        : format(CLOCK);
  return splits.map((split) => of.format(new Date(split * 1_000)));
}
