import { type Entry, isAsArrived } from '../batch.ts';
import { comparedBy, type EventTable } from '../event-table.ts';
import { MICROS_PER_MS } from '../event-time.ts';

/** What one statement may hold of a batch, since it may name a row once. */
export interface Distinct<T> {
  /** Sorted by time and id: what arrives sorted costs the store no sort. */
  readonly entries: readonly Entry<T>[];
  /**
   * What is no mere repeat of them, and can be judged only now that they are settled; nearly always there is none.
   *
   * @param refused the ids of those of the entries that became rejects.
   */
  readonly rivals: (refused: ReadonlySet<string>) => readonly Entry<T>[];
}

/**
 * The first of each (time, id), or of each id where the id alone decides: then the one with the earliest time. Equality is the store's, since ids and
 * times are in its form.
 */
export function distinct<T>(table: EventTable<T>, entries: readonly Entry<T>[]): Distinct<T> {
  const sorted = entries.toSorted(byTimeAndId); // stable: the first of equals stays first
  // One that is diverted does not stand for its id: of a retry with another time only the store can say what it is.
  if (table.dedupe) return byId(sorted, table.late === 'divert' ? 0 : table.dedupe.within * MICROS_PER_MS);
  const isRepeat = (entry: Entry<T>, i: number): boolean =>
    i > 0 && byTimeAndId(entry, sorted[i - 1] as Entry<T>) === 0;
  if (!sorted.some(isRepeat)) return { entries: sorted, rivals: none };
  const firsts = sorted.filter((entry, i) => !isRepeat(entry, i));
  return { entries: firsts, rivals: comparedBy(table) ? () => othersThan(firsts, sorted) : none };
}

const none = () => [];

/** Those that say something else than the first of their time and id, or say it otherwise. */
function othersThan<T>(firsts: readonly Entry<T>[], sorted: readonly Entry<T>[]): Entry<T>[] {
  let place = -1;
  return sorted.filter((entry) => {
    if (entry === firsts[place + 1]) place++;
    const first = firsts[place] as Entry<T>;
    return entry.raw !== first.raw && isAsArrived(entry) && isAsArrived(first);
  });
}

/** Repeats are those that are dated near the first of their id, unless it was refused: then another one may be the event. */
function byId<T>(sorted: readonly Entry<T>[], within: number): Distinct<T> {
  const firsts = new Map<string, Entry<T>>();
  const others: Entry<T>[] = [];
  for (const entry of sorted) {
    if (firsts.has(entry.id)) others.push(entry);
    else firsts.set(entry.id, entry);
  }
  const isNear = ({ id, time }: Entry<T>): boolean => time - (firsts.get(id)?.time ?? time) <= within;
  return {
    entries: [...firsts.values()],
    rivals: (refused) => others.filter((entry) => refused.has(entry.id) || !isNear(entry)),
  };
}

function byTimeAndId(a: Entry<unknown>, b: Entry<unknown>): number {
  if (a.time !== b.time) return a.time - b.time;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
