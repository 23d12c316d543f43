import { createHash, timingSafeEqual } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { declared, isRecord, knownOptions } from '../declared.ts';
import { Problem } from './problem.ts';
import type { ServerEnv } from './serving.ts';

/** What a token may do. Each stands for itself. */
export type Scope = 'read' | 'ingest' | 'admin';

/** A token as a file has it: never the token itself. */
export interface Token {
  /** For people and logs. */
  readonly name: string;
  /** SHA-256 of the token, 64 hexadecimal digits: `printf %s "$TOKEN" | sha256sum`. Tokens are long and random, so no slow hash is needed. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** Binds it to windows of these key values, by column; without it to none. */
  readonly keys?: Readonly<Record<string, readonly string[]>>;
}

/** Who asks. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly keys: Readonly<Record<string, readonly string[]>>;
}

const SCOPES: readonly Scope[] = ['read', 'ingest', 'admin'];
/** Where no tokens are given: whoever reaches the server. */
export const ANYBODY: Caller = { name: 'anybody', scopes: SCOPES, keys: {} };

/**
 * Holds tokens to their form.
 *
 * @throws ConfigError
 * @example
 * asTokens({ tokens: [{ name: 'grafana', sha256: '9f86d081…', scopes: ['read'], keys: { country: ['DE', 'AT'] } }] });
 */
export function asTokens(given: unknown, where = 'tokens'): readonly Token[] {
  const example = '{ "tokens": [{ "name": "grafana", "sha256": "…", "scopes": ["read"] }] }';
  declared(isRecord(given) && Array.isArray(given['tokens']), where, 'an object with `tokens`', given, example);
  const tokens = given['tokens'] as readonly unknown[];
  declared(tokens.length > 0, where, 'a token or more', 'none', example);
  const names: string[] = [];
  return tokens.map((token, i) => {
    const at = `${where}[${i}]`;
    knownOptions<Token>(token as Token, ['name', 'sha256', 'scopes', 'keys'], at);
    const { name, sha256, scopes, keys } = token as Token;
    declared(
      typeof name === 'string' && /^[\w.-]{1,60}$/.test(name),
      `${at} name`,
      'a name of letters, digits, ., - and _',
      name,
      '"grafana"',
    );
    // tickets, rates and keys of idempotency go by it
    const before = names.indexOf(name);
    declared(before === -1, `${at} name`, `another one than ${where}[${before}]`, name, `"${name}-2"`);
    names.push(name);
    const isDigest = typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
    // what stands there may be the token itself
    declared(
      isDigest,
      `${at} sha256`,
      'a SHA-256 in 64 hexadecimal digits',
      'something else',
      'printf %s "$TOKEN" | sha256sum',
    );
    const areScopes = Array.isArray(scopes) && scopes.length > 0 && scopes.every((scope) => SCOPES.includes(scope));
    declared(areScopes, `${at} scopes`, `some of ${SCOPES.join(', ')}`, scopes, '["read"]');
    const isBound = isRecord(keys) && Object.values(keys).every(areTexts);
    declared(keys === undefined || isBound, `${at} keys`, 'values by key column', keys, '{ "country": ["DE"] }');
    return { name, sha256, scopes, ...(keys ? { keys } : {}) };
  });
}

const areTexts = (values: unknown): boolean =>
  Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === 'string');

/** Who has this token; all entries are compared, whichever it is, in constant time. */
export function callerOf(tokens: readonly Token[]): (secret: string) => Caller | undefined {
  const entries = tokens.map(({ sha256, name, scopes, keys = {} }) => ({
    digest: Buffer.from(sha256, 'hex'),
    caller: { name, scopes, keys },
  }));
  return (secret) => {
    const digest = createHash('sha256').update(secret).digest();
    let found: Caller | undefined;
    for (const entry of entries) if (timingSafeEqual(entry.digest, digest)) found = entry.caller;
    return found;
  };
}

const MOST_TOKEN = 512;

/** Lets those through whose token has the scope; everybody where there are no tokens. */
export function bearing(scope: Scope, tokens: readonly Token[] | undefined) {
  const find = callerOf(tokens ?? []);
  return createMiddleware<ServerEnv>(async (c, next) => {
    if (tokens === undefined) c.set('caller', ANYBODY);
    else {
      const header = c.req.header('authorization') ?? '';
      const [, secret] = header.length > MOST_TOKEN ? [] : (/^bearer +([\w.~+/=-]+) *$/i.exec(header) ?? []);
      const caller = secret === undefined ? undefined : find(secret);
      if (!caller) throw unknownToken(header === '' ? 'none' : 'one that is not known');
      if (!caller.scopes.includes(scope)) throw wrongScope(scope, caller);
      c.set('caller', caller);
    }
    await next();
  });
}

export const unknownToken = (got: string): Problem =>
  new Problem({
    status: 401,
    code: 'token',
    title: 'who asks is not known',
    expected: 'a token that is known',
    got,
    fix: 'send authorization: Bearer TOKEN',
    headers: { 'www-authenticate': 'Bearer realm="scalestream"' },
  });

const wrongScope = (scope: Scope, { scopes }: Caller): Problem =>
  new Problem({
    status: 403,
    code: 'scope',
    title: 'the token may not do this',
    expected: `scope ${scope}`,
    got: scopes.join(', '),
    fix: 'ask for a token with that scope',
    headers: { 'www-authenticate': `Bearer realm="scalestream", error="insufficient_scope", scope="${scope}"` },
  });
