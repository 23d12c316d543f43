import { isDeepStrictEqual } from 'node:util';
import { type EventTimeInput, eventTime, MICROS_PER_MS } from '../event-time.ts';
import type { Measure } from '../measure.ts';
import { rehearse } from '../runtime/rehearse.ts';
import { identityOf } from '../sinks/accumulate.ts';
import { combine } from '../sinks/combine.ts';
import { measuresOf } from '../sinks/final-window.ts';
import { itemRow } from '../sinks/item-row.ts';
import { tableFold } from '../sinks/table-fold.ts';
import type { Fold } from '../store.ts';
import { storedOf } from '../stored.ts';
import type { WindowTable } from '../window-table.ts';
import type { AnyEvent } from '../event-table.ts';
import { brokenLaw } from './broken-law.ts';
import { measuredSamples } from './measured-samples.ts';
import { partLaws } from './part-laws.ts';
import { type Readings, samplesInSql } from './samples-in-sql.ts';

export interface CheckMeasureOptions<T> {
  /** When a sample happened. Default: one after the other, a second apart. */
  readonly time?: (sample: T) => EventTimeInput;
  /** `postgres://…` of a server: there too, in a database that is made for it and dropped. Default: in memory only. */
  readonly database?: string;
}

/**
 * Holds a measure to what every one must keep: what it takes of an event depends on the event alone; its parts combine commutatively and associatively; the samples
 * folded in any split, and merged in any order, give the same; and, given a database, SQL says what JavaScript says.
 *
 * @throws ConfigError naming the law and a counterexample.
 * @example
 * await checkMeasure(commonDivisor, [{ cents: 12 }, { cents: 18 }, { cents: null }], { database: process.env.DATABASE_URL });
 */
export async function checkMeasure<T>(
  measure: Measure<T>,
  samples: readonly T[],
  { time, database }: CheckMeasureOptions<T> = {},
): Promise<void> {
  const at = (sample: T, i: number): number =>
    (time ? eventTime(time(sample)) : undefined) ?? i * 1_000 * MICROS_PER_MS;
  const sampled = measuredSamples(measure, samples, at);
  const { table, graph, entries } = sampled;
  const describe = await rehearse(graph);
  const { folds, unfit } = await describe(entries);
  const [[position, reject] = []] = unfit;
  if (reject) throw brokenLaw(`sample ${position}`, 'samples that it can take', reject.detail, 'leave it out');
  if (!isDeepStrictEqual((await describe(entries)).folds, folds))
    throw brokenLaw(
      'measure',
      'the same of the same event',
      'another contribution the second time',
      'let it read the event alone',
    );
  const [fold] = folds as [Fold];
  for (const [i, stored] of storedOf(table).entries()) partLaws(stored, i === 0 ? fold : (fold.items[i - 1] as Fold));
  const expected = readIn(table, fold, [entries.map((_, i) => i)]);
  for (const workers of [2, 3, entries.length]) {
    const split = Array.from({ length: workers }, (_, w) => entries.map((__, i) => i).filter((i) => i % workers === w));
    for (const order of [split, split.toReversed()]) {
      const found = readIn(table, fold, order);
      if (isDeepStrictEqual(found, expected)) continue;
      const got = `${JSON.stringify(found)} of samples ${JSON.stringify(order)}, ${JSON.stringify(expected)} of all together`;
      throw brokenLaw(
        'measure',
        'the same in any split, merged in any order',
        got,
        'read nothing from the order of items',
      );
    }
  }
  if (database === undefined) return;
  for (const flushes of [1, 3]) await samplesInSql(database, sampled, { describe, flushes, expected });
}

/** What is read once each part was folded by itself, and all were merged in their order. */
function readIn(table: WindowTable<AnyEvent>, fold: Fold, parts: readonly (readonly number[])[]): Readings {
  const stored = storedOf(table);
  const merged = stored.map(() => new Map<string, (string | null)[]>());
  const rows = stored.map(() => new Map<string, Parameters<typeof itemRow>[1]>());
  for (const part of parts) {
    const own = tableFold(table);
    own.merge(fold, (position) => part.includes(position));
    for (const [i, relation] of stored.entries())
      for (const row of own.rows(i)) {
        const identity = identityOf(row.window, row.key);
        const before = merged[i]?.get(identity);
        const values = relation.parts.map((each, p) =>
          before ? combine(each, before[p] ?? null, row.parts[p] ?? null) : (row.parts[p] ?? null),
        );
        merged[i]?.set(identity, values);
        rows[i]?.set(identity, row);
      }
  }
  const [window = []] = [...(merged[0]?.values() ?? [])];
  return measuresOf(table, window, () => {
    const [, items] = stored;
    if (!items) return [];
    return [...(rows[1] ?? [])].map(([identity, row]) =>
      itemRow(items, { ...row, parts: merged[1]?.get(identity) ?? row.parts }),
    );
  });
}
