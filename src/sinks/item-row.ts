import type { ItemRow } from '../measure.ts';
import type { Stored } from '../stored.ts';
import type { WindowRow } from './accumulate.ts';

/** A row of items by the names of its columns, without those of its window. */
export function itemRow({ key, keyed, parts }: Stored, row: WindowRow): ItemRow {
  const names = key.slice(keyed).map(({ name }, i) => [name, row.key[keyed + i] as string] as const);
  return Object.fromEntries([...names, ...parts.map(({ column }, i) => [column, row.parts[i] ?? null] as const)]);
}
