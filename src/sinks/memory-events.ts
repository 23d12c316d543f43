import { type Entry, isAsArrived } from '../batch.ts';
import { sameContent } from '../content.ts';
import { type AnyEvent, comparedBy, type EventTable } from '../event-table.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Comparison } from '../store.ts';

/** What became of an event: it was there already, or it is now, counted or not. */
export type Kept = 'repeat' | 'counted' | 'diverted';

/** The raw events of the memory store: which there are, and what tells them apart. */
export function memoryEvents(table: EventTable<AnyEvent>) {
  const within = (table.dedupe?.within ?? 0) * MICROS_PER_MS;
  const by = comparedBy(table);
  /** What each event said, as far as it is kept: by id and time. */
  const events = new Map<string, string | undefined>();
  /** Where the id alone decides: the latest time of each. */
  const ids = new Map<string, Micros>();

  /** As the table of ids does: a late event claims nothing, or a retry that comes in time would count nowhere. */
  function claim({ id, time }: Entry<unknown>, isLate: boolean): 'first' | 'repeat' | 'before' {
    const known = ids.get(id);
    if (known !== undefined && Math.abs(time - known) <= within) return 'repeat';
    if (known !== undefined && time < known) return 'before';
    if (!isLate) ids.set(id, time);
    return 'first';
  }

  return {
    insert(entry: Entry<unknown>, isDiverted: boolean): Kept {
      const claimed = table.dedupe ? claim(entry, isDiverted) : 'first';
      if (claimed === 'repeat' || events.has(nameOf(entry))) return 'repeat';
      events.set(nameOf(entry), contentOf(entry));
      return isDiverted || claimed === 'before' ? 'diverted' : 'counted';
    },
    compare(entry: Entry<unknown>): Comparison {
      if (!events.has(nameOf(entry))) return 'absent';
      const stored = events.get(nameOf(entry));
      if (stored === undefined) return 'same';
      return (by === 'event' ? sameContent(stored, entry.raw) : stored === entry.raw) ? 'same' : 'different';
    },
    /** Forgets ids that no event after that time needs. */
    forget(until: Micros): void {
      for (const [id, time] of ids) if (time < until - within) ids.delete(id);
    },
    size: () => events.size,
  };

  function contentOf(entry: Entry<unknown>): string | undefined {
    if (by === 'event') return entry.json;
    return by === 'hash' && isAsArrived(entry) ? entry.raw : undefined;
  }
}

const nameOf = ({ time, id }: Entry<unknown>): string => `${time} ${id}`;
