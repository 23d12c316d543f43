import { decimal, digitsOf, storable } from '../column.ts';
import { shown, Unfoldable } from '../unfoldable.ts';

/** A contribution in the form in which folds carry it. */
export type Contributed = number | string | null;

/**
 * A number that a measure takes.
 *
 * @throws Unfoldable for anything else.
 */
export function contributionOf(value: unknown): Contributed {
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0; // no -0
  if (value === null || value === undefined) return null;
  const text = decimal(value);
  if (text === undefined)
    throw new Unfoldable(`expected a finite number, a bigint or decimal text${digitsOf(value)}; got ${shown(value)}`);
  return text;
}

/**
 * A text that a measure takes.
 *
 * @throws Unfoldable for anything else.
 */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string' && storable(value)) return value;
  throw new Unfoldable(`expected a text; got ${shown(value)}`);
}
