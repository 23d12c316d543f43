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

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return `{ ${Object.keys(value).join(', ')} }`;
  return JSON.stringify(value) ?? typeof value;
}

/** Whether it is an object with members of its own names. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
