import { textOf } from './format.js';

/**
 * Makes lines of rows.
 *
 * @typedef {object} Line
 * @property {string} label the key; empty: all keys together
 * @property {readonly (number | null)[]} values one for each start
 * @typedef {object} Lines
 * @property {readonly number[]} starts seconds since 1970, in order
 * @property {number} end of the last bucket
 * @property {number} provisionalFrom the first start from which on something may change; the end where nothing may
 * @property {readonly Line[]} lines
 * @property {number} left lines for which there was no room
 */

/** Lines that can still be told apart. */
export const MOST_LINES = 6;

/**
 * @param {readonly import('./answers.js').Row[]} rows
 * @param {string} measure
 * @returns {Lines}
 */
export function linesOf(rows, measure) {
  const starts = [...new Set(rows.map(({ start }) => start))].sort();
  const at = new Map(starts.map((start, i) => [start, i]));
  /** @type {Map<string, (number | null)[]>} */
  const byKey = new Map();
  for (const { key, start, measures } of rows) {
    const label = labelOf(key);
    let values = byKey.get(label);
    if (!values) byKey.set(label, (values = starts.map(() => null)));
    const value = measures[measure];
    values[at.get(start) ?? 0] = value === null || value === undefined ? null : Number(value);
  }
  const open = rows.filter(({ state }) => state === 'open').map(({ start }) => start);
  const ends = rows.map(({ end }) => Date.parse(end));
  const end = ends.reduce((a, b) => Math.max(a, b), 0) / 1_000;
  const provisionalFrom = open.reduce((a, b) => Math.min(a, Date.parse(b) / 1_000), end);
  const lines = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([label, values]) => ({ label, values }));
  return {
    starts: starts.map((start) => Date.parse(start) / 1_000),
    end,
    provisionalFrom,
    lines: lines.slice(0, MOST_LINES),
    left: Math.max(0, lines.length - MOST_LINES),
  };
}

/** @param {Readonly<Record<string, unknown>>} key */
export const labelOf = (key) => Object.values(key).map(textOf).join(' · ');
