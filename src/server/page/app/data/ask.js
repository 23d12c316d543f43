import { isAsked, token } from './token.js';

/** Longer than any answer may take. */
const LIMIT_MS = 20_000;

/** Why there is no answer: what is wrong, and what to do. */
export class Trouble extends Error {
  /**
   * @param {string} title
   * @param {{ status?: number, code?: string, detail?: string, fix?: string }} parts
   */
  constructor(title, { status = 0, code = '', detail = '', fix = '' }) {
    super(title);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.fix = fix;
  }
}

/**
 * Asks the API, with the token if there is one.
 *
 * @param {string} path relative to the page, such as `v1/pipelines`
 * @param {AbortSignal} signal ends it
 * @param {Readonly<Record<string, string>>} [headers]
 * @returns {Promise<Response>} of status 200
 * @throws {Trouble}
 */
export async function ask(path, signal, headers = {}) {
  const bearer = token.peek();
  const response = await fetch(path, {
    signal,
    headers: { ...headers, ...(bearer === '' ? {} : { authorization: `Bearer ${bearer}` }) },
  }).catch((error) => {
    if (signal.aborted && error.name === 'AbortError') throw error;
    throw new Trouble('The server does not answer', {
      code: 'away',
      fix: 'check that it runs, and that the network is there',
    });
  });
  if (response.ok) return response;
  // an answer to a token that has been replaced since says nothing of the new one
  if (response.status === 401 && bearer === token.peek()) isAsked.value = true;
  throw troubleOf({ status: response.status, ...(await response.json().catch(() => ({}))) });
}

/** Of problem details, as the API sends them. @param {{ status: number, title?: string, code?: string, expected?: string, got?: string, fix?: string }} problem */
export function troubleOf({ status, title = `The server answered ${status}`, expected, got, ...parts }) {
  return new Trouble(title, {
    ...parts,
    status,
    detail: expected === undefined ? '' : `Expected ${expected}; got ${got}.`,
  });
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<unknown>}
 * @throws {Trouble}
 */
export async function askJson(path, signal) {
  const response = await ask(path, AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]));
  return parseExact(await response.text());
}

/**
 * JSON with all digits of its numbers: one that JavaScript would round stays the text that it was, and is written as that again.
 *
 * @param {string} text
 */
export function parseExact(text) {
  // not in every browser, nor in the types
  const json = /** @type {{ rawJSON?: (text: string) => unknown }} */ (JSON);
  if (!json.rawJSON) return JSON.parse(text);
  return JSON.parse(
    text,
    /** @type {(key: string, value: unknown) => unknown} */ (
      (/** @type {string} */ _key, /** @type {unknown} */ value, /** @type {{ source?: string }} */ context) =>
        typeof value === 'number' && context.source !== undefined && isRounded(value, context.source)
          ? json.rawJSON?.(context.source)
          : value
    ),
  );
}

/** @type {(value: number, source: string) => boolean} */
const isRounded = (value, source) => source.replace(/\D/g, '').length > 15 && String(value) !== source;
