import { combine, contributes } from '../sinks/combine.ts';
import type { Cells } from '../store.ts';
import type { Stored, StoredPart } from '../stored.ts';
import { brokenLaw } from './broken-law.ts';

/** Different contributions that are tried with each other, in all threes. */
const TRIED = 20;

/** Holds the combination of each part to its laws, on what the samples contribute. */
export function partLaws({ parts, name }: Stored, cells: Cells): void {
  for (const part of parts) {
    const where = `part '${part.column}' of '${name}'`;
    const values = contributed(part, cells);
    const of = (a: string, b: string): string => combine(part, a, b) as string;
    const shown = (...each: string[]): string => each.map((value) => JSON.stringify(value)).join(', ');
    for (const a of values)
      for (const b of values) {
        if (of(a, b) === of(b, a)) continue;
        const got = `of(${shown(a, b)}) = ${shown(of(a, b))}, of(${shown(b, a)}) = ${shown(of(b, a))}`;
        throw brokenLaw(where, 'a commutative combination', got, 'let the order of its arguments not matter');
      }
    for (const a of values)
      for (const b of values)
        for (const c of values) {
          const [left, right] = [of(of(a, b), c), of(a, of(b, c))];
          if (left === right) continue;
          const got = `of(of(${shown(a, b)}), ${shown(c)}) = ${shown(left)}, of(${shown(a)}, of(${shown(b, c)})) = ${shown(right)}`;
          throw brokenLaw(
            where,
            'an associative combination',
            got,
            'store what merges, and read from it what does not',
          );
        }
  }
}

/** What the samples contribute to a part, each value once, as it is stored. */
function contributed(part: StoredPart, cells: Cells): string[] {
  const values = cells.event.map((_, i) =>
    combine(part, null, contributes(part, cells.values[part.input]?.[i] ?? null)),
  );
  return [...new Set(values.filter((value) => value !== null))].slice(0, TRIED);
}
