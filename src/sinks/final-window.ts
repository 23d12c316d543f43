import { createHash } from 'node:crypto';
import type { AnyEvent } from '../event-table.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { FinalWindow } from '../final-window.ts';
import type { WindowTable } from '../window-table.ts';
import type { ItemRow } from '../measure.ts';
import { storedOf } from '../stored.ts';
import type { Window } from '../window.ts';
import type { Announcement } from './memory-time.ts';

/** A window as it was announced, as `whenFinal` delivers it; in Postgres `post-finals.ts` makes the same. */
export function finalWindow(
  table: WindowTable<AnyEvent>,
  { window, end, key, measures, revision, revised, removed }: Omit<Announcement, 'table' | 'parts'>,
): FinalWindow {
  const start = rfc3339(window, table);
  return {
    delivery: [table.name, start, lineOf(table, key), revision].join('/'),
    table: table.name,
    start,
    end: rfc3339(end, table),
    key: Object.fromEntries(Object.keys(table.key).map((name, i) => [name, key[i] as string])),
    measures,
    revision,
    revised,
    ...(removed ? { removed } : {}),
  };
}

/** The rows of a window's items, by measure. */
export type ItemsOf = (measure: string) => readonly ItemRow[];

/** Everything that is stored and computed of a window, in the order of declaration. */
export function measuresOf(
  table: WindowTable<AnyEvent>,
  row: readonly (string | null)[],
  items: ItemsOf,
): Record<string, string | null> {
  const stored = storedOf(table)[0]?.parts ?? [];
  const values = Object.fromEntries(stored.map(({ column }, i) => [column, row[i] ?? null]));
  return Object.fromEntries(
    Object.entries(table.measures).flatMap(([name, { parts, readings }]) => {
      const own = Object.fromEntries(parts.map(({ suffix }) => [suffix, values[name + suffix] ?? null]));
      return [
        ...Object.entries(own).map(([suffix, value]) => [name + suffix, value] as const),
        ...readings.map(({ suffix, of }) => [name + suffix, of(own, items(name))] as const),
      ];
    }),
  );
}

/** Whether windows begin and end at whole milliseconds. */
export const isWhole = ({ kind, stored, longest }: Window<AnyEvent>): boolean =>
  kind === 'calendar' || (stored !== undefined && stored % MICROS_PER_MS === 0 && longest % MICROS_PER_MS === 0);

/** Names window table and key, in few letters that every header and queue takes. Spaced as Postgres prints an array. */
function lineOf(table: WindowTable<AnyEvent>, key: readonly string[]): string {
  const text = `[${[table.name, ...key].map((value) => JSON.stringify(value)).join(', ')}]`;
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function rfc3339(time: Micros, { window }: WindowTable<AnyEvent>): string {
  const text = new Date(Math.floor(time / MICROS_PER_MS)).toISOString();
  if (isWhole(window)) return text;
  return `${text.slice(0, -1)}${String(time % MICROS_PER_MS).padStart(3, '0')}Z`;
}
