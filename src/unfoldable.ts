import { inspect } from 'node:util';

/** A key or a contribution that does not fit its column: its event becomes a reject. */
export class Unfoldable extends Error {}

/** What was got, for messages: the beginning of what is long. */
export function shown(value: unknown): string {
  const text = inspect(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
