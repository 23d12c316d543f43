import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError, messageOf } from '../errors.ts';

/**
 * Parses the flags of a verb, and at most `most` words that are none: `what` they are.
 *
 * @throws ConfigError for a flag that the verb does not know, or a word too many.
 */
export function parseFlags<const T extends ParseArgsOptionsConfig>(
  verb: string,
  args: readonly string[],
  options: T,
  { most, what }: { readonly most: number; readonly what: string } = { most: 0, what: 'flags only' },
) {
  const parsed = parsedOf(verb, args, options);
  const { positionals } = parsed;
  if (positionals.length > most) {
    throw new ConfigError({
      where: verb,
      expected: what,
      got: positionals.join(' '),
      fix:
        verb === 'start'
          ? 'npm passes on what follows --: npm start -- --events 1000'
          : `see 'scalestream ${verb} --help'`,
    });
  }
  return parsed;
}

function parsedOf<const T extends ParseArgsOptionsConfig>(verb: string, args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
  } catch (error) {
    const flags = Object.keys(options).map((name) => `--${name}`);
    throw new ConfigError(
      {
        where: verb,
        expected: `flags among ${flags.join(', ')}`,
        got: messageOf(error).replace(/\.( To specify|\n).*$|\.$/s, ''),
        fix: `see 'scalestream ${verb} --help'`,
      },
      { cause: error },
    );
  }
}

/** A count, 1 or more; `undefined` where the flag is absent. */
export function countFlag(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : 0;
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new ConfigError({
    where: flag,
    expected: 'a whole number above 0',
    got: JSON.stringify(text),
    fix: `${flag} 1000`,
  });
}

/** A duration such as `30s`; `undefined` where the flag is absent. */
export function durationFlag(flag: string, text: string | undefined): Duration | undefined {
  if (text === undefined) return undefined;
  milliseconds(text as Duration, flag);
  return text as Duration;
}

/** A share from 0 to 1; 0 where the flag is absent. */
export function shareFlag(flag: string, text: string | undefined): number {
  const value = text === undefined ? 0 : Number(text || 'no');
  if (value >= 0 && value <= 1) return value;
  throw new ConfigError({
    where: flag,
    expected: 'a share from 0 to 1',
    got: JSON.stringify(text),
    fix: `${flag} 0.01`,
  });
}
