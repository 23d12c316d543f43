import { signal } from '../ui.js';

/**
 * What is looked at. All of it is in the address, so that a link shows the same; what is not chosen is left out, and follows from what there is.
 *
 * @typedef {object} Link
 * @property {string} [pipeline]
 * @property {string} [table]
 * @property {Readonly<Record<string, readonly string[]>>} keys values by key column
 * @property {readonly string[]} [measures]
 * @property {string} [span]
 * @property {string} [bucket]
 * @property {string} [period] of the list of the largest, and of the funnel
 * @property {string} [rank] the measure of that list
 * @property {string} [by] the key column of that list
 * @property {string} [state] of the windows that are listed
 * @property {string} [order] of the windows that are listed: a measure; by time where it is left out
 * @property {string} [from] windows that begin then or later are listed
 * @property {string} [to] and before
 * @property {string} [reason] of rejects
 */

const WORDS = /** @type {const} */ ([
  'pipeline',
  'table',
  'span',
  'bucket',
  'period',
  'rank',
  'by',
  'state',
  'order',
  'from',
  'to',
  'reason',
]);
const KEY = 'key.';

/** @param {string} search @returns {Link} */
export function readLink(search) {
  const query = new URLSearchParams(search);
  /** @type {Record<string, string[]>} */
  const keys = {};
  for (const name of query.keys()) if (name.startsWith(KEY)) keys[name.slice(KEY.length)] = query.getAll(name);
  const measures = query.get('measures');
  return {
    ...Object.fromEntries(WORDS.flatMap((word) => (query.get(word) ? [[word, query.get(word)]] : []))),
    ...(measures ? { measures: measures.split(',') } : {}),
    keys,
  };
}

/** @param {Link} link */
export function writeLink(link) {
  const query = new URLSearchParams();
  for (const word of WORDS) if (link[word]) query.set(word, link[word]);
  if (link.measures) query.set('measures', link.measures.join(','));
  for (const [column, values] of Object.entries(link.keys))
    for (const value of values) query.append(KEY + column, value);
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

export const link = signal(readLink(location.search));
addEventListener('popstate', () => (link.value = readLink(location.search)));

/**
 * Looks at something else.
 *
 * @param {{ readonly [Name in keyof Link]?: Link[Name] | undefined }} change
 */
export function show(change) {
  const before = link.peek();
  const next = /** @type {Link} */ ({ ...before, ...change });
  // Back leads to the pipeline and the table before, not through every step in between
  const isPlace = next.pipeline !== before.pipeline || next.table !== before.table;
  link.value = next;
  history[isPlace ? 'pushState' : 'replaceState'](null, '', writeLink(next) || location.pathname);
}

/** What depends on the table: chosen anew with another one. */
const OF_TABLE = {
  keys: {},
  measures: undefined,
  span: undefined,
  bucket: undefined,
  period: undefined,
  rank: undefined,
  by: undefined,
  order: undefined,
  from: undefined,
  to: undefined,
};

/** @param {string} table */
export const showTable = (table) => show({ ...OF_TABLE, table });
/** @param {string} pipeline */
export const showPipeline = (pipeline) =>
  show({ ...OF_TABLE, pipeline, table: undefined, state: undefined, reason: undefined });
