import { ConfigError } from './errors.ts';

/**
 * Holds a declaration to its type at run time: a file may be plain JavaScript, or cast too much.
 *
 * @throws ConfigError naming what was expected, where.
 * @example
 * declared(typeof options.time === 'function', "eventTable('orders') time", 'a function of the event', options.time, '(e) => e.at');
 */
export function declared(holds: boolean, where: string, expected: string, got: unknown, fix: string): asserts holds {
  if (!holds) throw new ConfigError({ where, expected, got: shown(got), fix });
}

/**
 * Holds the names of options to those that there are: one that is misspelt would be as good as not given.
 *
 * @throws ConfigError naming the one that is meant.
 * @example
 * knownOptions(dedupe, ['by', 'within'], "eventTable('orders') dedupe");
 */
export function knownOptions<O extends object>(
  options: O,
  allowed: readonly (keyof O & string)[],
  where: string,
): void {
  const expected = `options ${allowed.join(', ')}`;
  declared(isRecord(options), where, expected, options, `{ ${allowed[0]}: … }`);
  const unknown = Object.keys(options).find((name) => !allowed.includes(name as keyof O & string));
  if (unknown === undefined) return;
  throw new ConfigError({ where, expected, got: `'${unknown}'`, fix: didYouMean(unknown, allowed) ?? 'leave it out' });
}

/** Asks whether the one that is spelt nearly so was meant; `undefined` where none is. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const [nearest] = known.map((each) => ({ each, edits: editsBetween(name, each) })).sort((a, b) => a.edits - b.edits);
  return nearest && nearest.edits <= Math.max(1, name.length / 3) ? `did you mean '${nearest.each}'?` : undefined;
}

/** How many letters must be put in, left out, changed or swapped with the next to make one name of the other. */
function editsBetween(one: string, other: string): number {
  const [letters, others] = [one.toLowerCase(), other.toLowerCase()];
  let before: number[] = [];
  let row = Array.from({ length: others.length + 1 }, (_, column) => column);
  for (const [line, letter] of letters.split('').entries()) {
    const next = [line + 1];
    for (const [column, its] of others.split('').entries()) {
      const changed = (row[column] as number) + (letter === its ? 0 : 1);
      const swaps = line > 0 && column > 0 && letter === others[column - 1] && its === letters[line - 1];
      const swapped = swaps ? (before[column - 1] as number) + 1 : changed;
      next.push(Math.min(changed, swapped, (row[column + 1] as number) + 1, (next[column] as number) + 1));
    }
    [before, row] = [row, next];
  }
  return row.at(-1) as number;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{ ${Object.keys(value).join(', ')} }`;
  return JSON.stringify(value) ?? typeof value;
}

/** Whether it is an object with members of its own names. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
