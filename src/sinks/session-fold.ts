import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import { type Stored, storedOf } from '../stored.ts';
import type { WindowTable } from '../window-table.ts';
import { accumulate, identityOf, type WindowRow } from './accumulate.ts';
import { combine } from './combine.ts';
import { itemRow } from './item-row.ts';
import type { Gone, TableFold } from './table-fold.ts';

/** A session as it grows: its row, and per measure that has items, those by name. */
interface Session {
  readonly row: WindowRow & { end: Micros };
  readonly items: readonly Map<string, WindowRow>[];
}

/**
 * A session table in memory. The sessions of a key are kept in order and never overlap, so an instant meets those that end after it, up to the first that
 * begins a gap after it. They become one with it: the earliest of them, or a new one where the instant is earlier still.
 */
export function sessionFold(table: WindowTable<AnyEvent>): TableFold {
  const gap = table.window.longest;
  const [windows, ...items] = storedOf(table) as [Stored, ...Stored[]];
  const lines = new Map<string, Session[]>();

  const sessions = function* (): IterableIterator<Session> {
    for (const line of lines.values()) yield* line;
  };
  const find = (start: Micros, key: readonly string[]): Session | undefined => {
    const line = lines.get(JSON.stringify(key)) ?? [];
    const session = line[firstEndingAfter(line, start)];
    return session?.row.window === start ? session : undefined;
  };
  const itemsOf = (session: Session, measure: string) => {
    const i = items.findIndex((stored) => stored.measure === measure);
    const stored = items[i];
    return stored ? [...(session.items[i]?.values() ?? [])].map((row) => itemRow(stored, row)) : [];
  };

  /** Merges what a session holds into another one; of its own nothing changes. */
  function absorb(into: Session, session: Session): void {
    into.row.end = Math.max(into.row.end, session.row.end);
    add(windows, into.row, session.row);
    for (const [i, stored] of items.entries())
      for (const [name, row] of session.items[i] ?? []) {
        const own = into.items[i]?.get(name);
        if (own) add(stored, own, row);
        else into.items[i]?.set(name, { ...row, window: into.row.window, parts: [...row.parts] });
      }
  }

  return {
    merge(fold, counts) {
      const instants = accumulate(windows).merge(fold, counts).touched;
      const brought = items.map((stored, i) => {
        const cells = fold.items[i];
        const rows = cells ? accumulate(stored).merge(cells, counts).touched : [];
        return byWindow(rows, stored.keyed);
      });
      const began: WindowRow[] = [];
      const touched = new Set<WindowRow>();
      const gone: Gone[] = [];
      for (const instant of instants.toSorted((a, b) => a.window - b.window)) {
        const identity = identityOf(instant.window, instant.key);
        const added: Session = {
          row: { ...instant, end: instant.window + gap },
          items: brought.map((rows) => new Map(rows.get(identity)?.map((row) => [nameOf(row), row]))),
        };
        const key = JSON.stringify(instant.key);
        const line = lines.get(key) ?? [];
        if (line.length === 0) lines.set(key, line);
        const from = firstEndingAfter(line, instant.window);
        let to = from;
        while ((line[to]?.row.window ?? Number.POSITIVE_INFINITY) < added.row.end) to++;
        const met = line.slice(from, to);
        const [first] = met;
        const home = first && first.row.window <= instant.window ? first : added;
        for (const session of [...met, added]) if (session !== home) absorb(home, session);
        for (const session of met)
          if (session !== home) gone.push({ row: session.row, items: (measure) => itemsOf(session, measure) });
        if (home === added) began.push(added.row);
        touched.add(home.row);
        line.splice(from, to - from, home);
      }
      return { began, touched: [...touched], gone };
    },
    *rows(relation) {
      for (const { row, items: own } of sessions()) {
        if (relation === 0) yield row;
        else yield* own[relation - 1]?.values() ?? [];
      }
    },
    get(relation, identity) {
      const [start, ...key] = JSON.parse(identity) as [Micros, ...string[]];
      const session = find(start, key.slice(0, windows.keyed));
      return relation === 0 ? session?.row : session?.items[relation - 1]?.get(JSON.stringify(key));
    },
    items(window, measure) {
      const session = find(window.window, window.key);
      return session ? itemsOf(session, measure) : [];
    },
  };
}

/** Items by the instant and key that they are of. */
function byWindow(rows: readonly WindowRow[], keyed: number): Map<string, WindowRow[]> {
  const groups = new Map<string, WindowRow[]>();
  for (const row of rows) {
    const identity = identityOf(row.window, row.key.slice(0, keyed));
    const group = groups.get(identity);
    if (group) group.push(row);
    else groups.set(identity, [row]);
  }
  return groups;
}

/** Names an item, of whatever session of its key. */
const nameOf = ({ key }: WindowRow): string => JSON.stringify(key);

function add({ parts }: Stored, row: WindowRow, added: WindowRow): void {
  for (const [p, part] of parts.entries()) row.parts[p] = combine(part, row.parts[p] ?? null, added.parts[p] ?? null);
}

/** Where the first session is that ends after an instant. */
function firstEndingAfter(line: readonly Session[], time: Micros): number {
  let [low, high] = [0, line.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((line[middle] as Session).row.end > time) high = middle;
    else low = middle + 1;
  }
  return low;
}
