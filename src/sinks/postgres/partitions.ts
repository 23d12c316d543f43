import type { Entry } from '../../batch.ts';
import { MICROS_PER_DAY, MICROS_PER_MS } from '../../event-time.ts';
import type { Connection } from './connect.ts';
import { plainArray } from './quote.ts';

/** The partitions (days) that a worker knows to exist. */
export interface Partitions {
  /** Makes the partitions of all days in the events. */
  ensure(entries: readonly Entry<unknown>[]): Promise<void>;
  /** Forgets what it knew: somebody dropped one. */
  forget(): void;
}

const ADD = `select scalestream.add_partition($1::text, day) from unnest($2::text::date[]) as day order by day`;

/** Partitions on demand: any day an event brings. Safe from many workers at once. */
export function partitions(connection: Connection, table: string): Partitions {
  const known = new Set<number>();
  return {
    async ensure(entries) {
      const missing = new Set<number>();
      let last = -1;
      for (const { time } of entries) {
        const day = Math.floor(time / MICROS_PER_DAY);
        if (day === last) continue;
        last = day;
        if (!known.has(day)) missing.add(day);
      }
      if (missing.size === 0) return;
      const days = [...missing].sort((a, b) => a - b);
      await connection.run(ADD, [table, plainArray(days.map(dateOf))]);
      for (const day of days) known.add(day);
    },
    forget: () => known.clear(),
  };
}

const dateOf = (day: number): string => new Date((day * MICROS_PER_DAY) / MICROS_PER_MS).toISOString().slice(0, 10);
