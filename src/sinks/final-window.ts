import { createHash } from 'node:crypto';
import { Big } from 'big.js';
import type { AnyEvent } from '../event-table.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { FinalWindow } from '../when-final.ts';
import type { WindowTable } from '../window-table.ts';
import { partsOf, type WindowRow } from './accumulate.ts';

/** A row as `whenFinal` delivers it; in Postgres `post-finals.ts` makes the same. */
export function finalWindow(
  table: WindowTable<AnyEvent>,
  row: WindowRow,
  revision: number,
  revised: boolean,
): FinalWindow {
  const start = rfc3339(row.window, table);
  const parts = Object.fromEntries(partsOf(table).map(({ column }, i) => [column, row.parts[i] ?? null]));
  const means = Object.entries(table.measures)
    .filter(([, measure]) => measure.kind === 'mean')
    .map(([name]) => [name, quotient(parts[`${name}_sum`] ?? null, parts[`${name}_count`] ?? null)] as const);
  return {
    delivery: [table.name, start, lineOf(table, row.key), revision].join('/'),
    table: table.name,
    start,
    end: rfc3339(row.window + table.window.size, table),
    key: Object.fromEntries(Object.keys(table.key).map((name, i) => [name, row.key[i] as string])),
    measures: { ...parts, ...Object.fromEntries(means) },
    revision,
    revised,
  };
}

/** Names window table and key, in few letters that every header and queue takes. Spaced as Postgres prints an array. */
function lineOf(table: WindowTable<AnyEvent>, key: readonly string[]): string {
  const text = `[${[table.name, ...key].map((value) => JSON.stringify(value)).join(', ')}]`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function rfc3339(time: Micros, { window }: WindowTable<AnyEvent>): string {
  const text = new Date(Math.floor(time / MICROS_PER_MS)).toISOString();
  if (window.size % MICROS_PER_MS === 0) return text;
  return `${text.slice(0, -1)}${String(time % MICROS_PER_MS).padStart(3, '0')}Z`;
}

const DIGITS_A_GROUP = 4;
const LEAST_DIGITS = 16;

/**
 * As Postgres divides: 16 digits at least, counted in groups of four (`select_div_scale` in its `numeric.c`), without trailing zeros. It may give more digits
 * where events had zeros at the end of very many decimals: those are not known here.
 */
function quotient(sum: string | null, count: string | null): string | null {
  if (sum === null || count === null || count === '0') return null;
  const [a, b] = [new Big(sum), new Big(count)];
  if (a.eq(0)) return '0';
  const [first, second] = [groupsOf(a), groupsOf(b)];
  const weight = first.weight - second.weight - (first.lead <= second.lead ? 1 : 0);
  const scale = Math.max(LEAST_DIGITS - weight * DIGITS_A_GROUP, decimals(sum), 0);
  const Exact = Big();
  Exact.DP = scale;
  Exact.RM = Exact.roundHalfUp;
  return new Exact(a).div(b).toFixed();
}

const decimals = (text: string): number => (text.includes('.') ? text.length - text.indexOf('.') - 1 : 0);

/** The number's first group of four digits, and which power of 10,000 it counts. */
function groupsOf(value: Big): { readonly weight: number; readonly lead: number } {
  const weight = Math.floor(value.e / DIGITS_A_GROUP);
  const digits = value.e - weight * DIGITS_A_GROUP + 1;
  return { weight, lead: Number(value.c.slice(0, digits).join('').padEnd(digits, '0')) };
}
