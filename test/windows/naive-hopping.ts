import { Big } from 'big.js';
import type { Fact } from '../measures/facts.ts';

type Row = Record<string, string | null>;

/**
 * Hopping windows by the shortest way that can be right: each window that may hold anything is filtered out of all facts, and measured by itself. No panes,
 * nothing is merged. In order of window and page.
 */
export function naiveWindows(facts: readonly Fact[], size: number, hop: number): Row[] {
  const times = facts.map(({ at }) => at);
  const first = Math.floor(Math.min(...times) / hop) * hop - size;
  const rows: Row[] = [];
  for (let start = first; start <= Math.max(...times); start += hop) {
    for (const page of [...new Set(facts.map((fact) => fact.page))].sort()) {
      const own = facts.filter((fact) => fact.page === page && fact.at >= start && fact.at < start + size);
      if (own.length > 0) rows.push({ window_start: new Date(start).toISOString(), page, ...measuredOf(own) });
    }
  }
  return rows;
}

function measuredOf(own: readonly Fact[]): Row {
  const values = own.flatMap(({ value }) => (value === null ? [] : [new Big(value)])).sort((a, b) => a.cmp(b));
  const total = values.reduce((sum, value) => sum.plus(value), new Big(0)).toFixed();
  return {
    facts: String(own.length),
    large: String(own.filter(({ value }) => Number(value) > 1).length),
    total,
    least: values[0]?.toFixed() ?? null,
    most: values.at(-1)?.toFixed() ?? null,
    average_sum: total,
    average_count: String(values.length),
    spread_squares: values.reduce((sum, value) => sum.plus(value.times(value)), new Big(0)).toFixed(),
    bought_numerator: String(own.filter(({ step }) => step === 'buy').length),
    users: String(new Set(own.flatMap(({ user }) => user ?? [])).size),
  };
}
