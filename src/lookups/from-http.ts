import { declared, isRecord, knownOptions } from '../declared.ts';
import { LookupError, messageOf } from '../errors.ts';
import type { Lookup, OpenLookup } from '../lookup.ts';
import { codeOf } from '../sqs-code.ts';
import { addressOf, headersOf } from '../http-address.ts';
import { getter, type Reply } from './get.ts';

export interface FromHttpOptions<V> {
  /**
   * `https://…?ids={keys}`, where the keys stand encoded and with commas between, or what makes the URL of them; `http://…` on this machine only.
   * What it holds is kept secret.
   */
  readonly url: string | ((keys: readonly string[]) => string) | undefined;
  /** Sent with each question; as secret as the URL. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** What is found by key, of the parsed body. Default: the body is such an object; what is null in it is not there. */
  readonly parse?: (body: unknown) => Readonly<Record<string, V | null>>;
  /** Longest body, in bytes. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Stands in stages of custody and in errors. Default `'http'`. */
  readonly name?: string;
}

const ADDRESS = { where: 'fromHttp url', example: "url: 'https://…?ids={keys}'", what: 'keys' };

/** What servers take at least (RFC 9110, 4.1); many take little more. */
const LONGEST_URL = 8_000;
const SOCKETS = 4;

/**
 * A look-up in an HTTP service: a GET for the keys of a batch, answered with a JSON object of what is found by key; several GETs where its URL would
 * be longer than 8,000 characters. A key that is too long for a URL is not there.
 *
 * Delivery: reads only. No answer within the deadline of `enrich`, 408, 429, 5xx, and a body that is cut off or no JSON are asked again; any other
 * status than 200, a body that is too long, and a `parse` that throws stop the worker. Redirects are not followed.
 *
 * @throws ConfigError for a declaration that cannot work; for a URL when the graph is started.
 * @example
 * fromHttp({ url: 'https://crm.example/campaigns?ids={keys}', headers: { authorization: process.env.CRM_TOKEN } });
 */
export function fromHttp<V = unknown>(options: FromHttpOptions<V>): Lookup<V> {
  // the kind alone: the value may be a secret
  declared(isRecord(options), 'fromHttp', 'its options', typeof options, "fromHttp({ url: 'https://…?ids={keys}' })");
  knownOptions<FromHttpOptions<V>>(options, ['url', 'headers', 'parse', 'maxBytes', 'name'], 'fromHttp');
  const { url, parse = asFound, maxBytes = 8 * 2 ** 20, name = 'http' } = options;
  const isSize = Number.isSafeInteger(maxBytes) && maxBytes > 0;
  declared(isSize, 'fromHttp maxBytes', 'a whole number above zero', maxBytes, 'leave it out for 8 MiB');
  const isTemplate = typeof url !== 'string' || url.includes('{keys}');
  declared(isTemplate, 'fromHttp url', 'a place for the keys', 'none', "url: 'https://…?ids={keys}'");
  const template = typeof url === 'function' ? url : fill(url);

  /** Few enough keys for each URL. */
  function urlsFor(keys: readonly string[]): URL[] {
    const address = addressOf(
      called('url', () => template(keys)),
      ADDRESS,
    );
    if (address.href.length <= LONGEST_URL) return [address];
    const half = keys.length >> 1;
    return half === 0 ? [] : [...urlsFor(keys.slice(0, half)), ...urlsFor(keys.slice(half))];
  }

  function read({ status, body }: Reply): [string, V][] {
    if (status !== 200) throw refused(name, status);
    if (body === undefined)
      throw failed('fatal', 'TOO_LARGE', `the body has more than ${maxBytes} bytes. Fix: maxBytes, or smaller batches`);
    const json = parsed(body);
    const found = called('parse', () => Object.entries(parse(json)));
    return found.filter((each): each is [string, V] => each[1] !== null && each[1] !== undefined);
  }

  /** What an author's callback throws, it throws again. */
  function called<R>(what: string, callback: () => R): R {
    try {
      return callback();
    } catch (error) {
      throw failed('fatal', what, `${what} threw: ${messageOf(error)}`, error);
    }
  }

  function parsed(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw failed('retry', 'not-json', 'the body is no JSON', cause);
    }
  }

  const failed = (failure: 'retry' | 'fatal', reason: string, said: string, cause?: unknown): LookupError =>
    new LookupError(failure, reason, `look-up '${name}': ${said}`, { cause });

  function open(): OpenLookup<V> {
    const headers = { accept: 'application/json', ...headersOf(options.headers ?? {}, 'fromHttp headers') };
    if (typeof url !== 'function') addressOf(url && template([]), ADDRESS);
    const { get, close } = getter(SOCKETS, maxBytes);
    const ask = (address: URL, signal: AbortSignal): Promise<Reply> =>
      get(address, headers, signal).catch((error: unknown) => {
        // The code alone: texts of the network may say more than is good to keep.
        throw failed('retry', codeOf(error), codeOf(error));
      });
    return {
      close,
      async find(keys, signal) {
        const replies = await Promise.all(urlsFor(keys).map((address) => ask(address, signal)));
        return new Map(replies.flatMap(read));
      },
    };
  }

  return { name, open };
}

const fill = (url: string | undefined) => (keys: readonly string[]) =>
  url?.replaceAll('{keys}', () => keys.map(encodeURIComponent).join(','));

function asFound<V>(body: unknown): Readonly<Record<string, V>> {
  if (isRecord(body)) return body as Record<string, V>;
  throw new TypeError('expected a JSON object of what is found by key. Fix: parse: (body) => …');
}

/** Too slow, too many, or its own trouble: these pass. */
function refused(name: string, status: number): LookupError {
  const isPassing = status === 408 || status === 429 || status >= 500;
  const fix =
    status >= 300 && status < 400
      ? 'the address to which it leads: redirects are not followed'
      : 'see the service; nothing was deleted';
  const said = `look-up '${name}': HTTP ${status}${isPassing ? '' : `. Fix: ${fix}`}`;
  return new LookupError(isPassing ? 'retry' : 'fatal', String(status), said);
}
