import { randomUUID } from 'node:crypto';
import { seededRandom } from '../../src/producer/random.ts';
import type { Sabotage } from './settings.ts';
import type { Manifest } from './shipments.ts';
import type { LineOfWork, Stage } from './stage.ts';

/** Makes a run wrong on purpose, once: only a run that can fail proves something. */
export interface Saboteur {
  during(): void;
  before(): Promise<void>;
}

export function sabotage(kind: Sabotage | undefined, { eyes }: Stage, { shipments }: LineOfWork): Saboteur {
  let done = false;
  return {
    /** The guard is asked about an event that nobody sent. */
    during() {
      const victim = kind === 'phantom' && !done ? shipments.any(seededRandom(1)) : undefined;
      if (!victim || victim.manifest.events === 0) return;
      const manifest = victim.manifest as { -readonly [K in keyof Manifest]: Manifest[K] };
      const [first = ''] = manifest.times.slice(1).split(',');
      manifest.ids = `{${randomUUID()},${manifest.ids.slice(1)}`;
      manifest.times = `{${Number.parseInt(first, 10)},${manifest.times.slice(1)}`;
      done = true;
    },
    /** What a lost write, or an event counted twice, would look like. */
    async before() {
      if (kind === 'drop-one') {
        await eyes.ask(`delete from shop_events where (event_time, event_id) in
          (select event_time, event_id from shop_events order by event_time, event_id limit 1)`);
      } else if (kind === 'double-count') {
        await eyes.ask(`update product_trade set events = events + 1 where (window_start, product) in
          (select window_start, product from product_trade order by window_start, product limit 1)`);
      }
    },
  };
}
