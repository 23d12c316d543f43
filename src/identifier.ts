import { ConfigError } from './errors.ts';

const IDENTIFIER = /^[a-z_][a-z0-9_]*$/;

/**
 * Checks a name that becomes an SQL identifier: lower case, digits and `_`, at most `limit` characters (Postgres cuts at 63).
 *
 * @throws ConfigError naming the identifier and a likely fix.
 */
export function identifier(name: string, what: string, limit = 63): string {
  const given: unknown = name;
  if (typeof given === 'string' && IDENTIFIER.test(given) && given.length <= limit) return name;
  const likely = (typeof given === 'string' ? given : '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .slice(0, limit);
  throw new ConfigError({
    where: what,
    expected: `a name of lower-case letters, digits and _, at most ${limit} characters`,
    got: JSON.stringify(name) ?? 'nothing',
    fix: likely ? `'${likely}'?` : 'give it a name',
  });
}
