import { validateHeaderName, validateHeaderValue } from 'node:http';
import { declared, isRecord } from './declared.ts';
import { ConfigError } from './errors.ts';

const LOOPBACK = /^(127(\.\d+){3}|\[::1\]|(.+\.)?localhost)$/;

/** What the errors of an address say of whoever needs one. */
export interface AddressErrors {
  readonly where: string;
  /** As it may be written. */
  readonly example: string;
  /** What must not go without TLS: 'keys'. */
  readonly what: string;
}

/**
 * Where requests go. No error says what came: an address may hold a secret.
 *
 * @throws ConfigError
 */
export function addressOf(text: unknown, { where, example, what }: AddressErrors): URL {
  const url = typeof text === 'string' ? URL.parse(text) : null;
  const refuse = (expected: string, got: string, fix: string) => new ConfigError({ where, expected, got, fix });
  if (text === undefined) throw refuse('a URL', 'none', `${example}; is its environment variable set?`);
  if (!url) throw refuse('a URL', 'text that is none', example);
  if (url.username || url.password)
    throw refuse('a URL without user and password', 'one with them', "headers: { authorization: '…' }");
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.test(url.hostname)))
    throw refuse('https://…, or http://… on this machine', `${url.protocol}//…`, `${what} leave over TLS only`);
  return url;
}

/**
 * Headers that HTTP allows, names in lower case.
 *
 * @throws ConfigError naming the header, never its value.
 */
export function headersOf(
  headers: Readonly<Record<string, string | undefined>>,
  where: string,
): Record<string, string> {
  declared(isRecord(headers), where, 'values by name', typeof headers, "headers: { authorization: '…' }");
  const checked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== 'string' || !isHeader(name, value)) {
      const expected = 'names and texts that HTTP allows';
      throw new ConfigError({ where, expected, got: `'${name}'`, fix: 'is its environment variable set?' });
    }
    checked[name.toLowerCase()] = value;
  }
  return checked;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}
