import type { Combination, Part } from '../../measure.ts';
import { quoteName } from './quote.ts';

/** What events contribute to a part, given the column of its input. */
export function foldedPart(part: Part, input: string): string {
  if (part.of === 'events') return 'count(*)';
  if (part.of === 'values') return `count(${input})`;
  const value = part.of === 'squares' ? `${input} * ${input}` : input;
  if (typeof part.combine === 'object')
    return `${own(part.combine)}(${value}${part.type === 'text' ? ' collate "C"' : `::${part.type}`})`;
  if (part.combine === 'or') return `coalesce(bit_or(${value}::bigint), 0)`;
  if (part.combine === 'sum') return `coalesce(sum(${value}), 0)${part.type === 'bigint' ? '::bigint' : ''}`;
  return `${part.combine}(${value}${part.type === 'text' ? ' collate "C"' : ''})`;
}

/** A part of what is stored, as `w`, once the one that was to be inserted is merged into it. */
export function mergedPart({ combine }: Part, column: string): string {
  const [stored, added] = [`w.${quoteName(column)}`, `excluded.${quoteName(column)}`];
  if (combine === 'sum') return `${stored} + ${added}`;
  if (combine === 'or') return `${stored} | ${added}`;
  if (typeof combine === 'object') return `coalesce(${own(combine)}(${stored}, ${added}), ${stored}, ${added})`;
  return `${combine === 'min' ? 'least' : 'greatest'}(${stored}, ${added})`;
}

/** One part of several rows. */
export function totalPart(part: Part, column: string): string {
  if (part.combine === 'or') return `coalesce(bit_or(${column}), 0)`;
  if (part.combine === 'sum') return `coalesce(sum(${column}), 0)${part.type === 'bigint' ? '::bigint' : ''}`;
  return typeof part.combine === 'object' ? `${own(part.combine)}(${column})` : `${part.combine}(${column})`;
}

const own = ({ name }: Combination): string => `scalestream.${quoteName(name)}`;

/** The SQL type of a part's column. */
export const partType = (part: Part): string => (part.type === 'text' ? 'text collate "C"' : part.type);

/** Whether a part is never null: where nothing contributed it is 0. */
export const isTotal = ({ combine }: Part): boolean => combine === 'sum' || combine === 'or';
