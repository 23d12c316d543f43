import type { Clock } from '../clock.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Store } from '../store.ts';

const DAY_MS = 86_400_000;

/** A store whose horizon moves on as the real one's does: with each retention, to the start of the oldest day that is kept. */
export function retainingStore(
  store: Store,
  options: {
    /** Days; `undefined` is forever. */
    readonly keepDays: number | undefined;
    readonly clock: Clock;
    readonly setHorizon: (horizon: Micros) => void;
  },
): Store {
  const { keepDays, clock, setHorizon } = options;
  if (keepDays === undefined) return store;
  const move = (): void => setHorizon((Math.floor(clock.now() / DAY_MS) - keepDays) * DAY_MS * MICROS_PER_MS);
  move();
  return {
    ...store,
    time: {
      ...store.time,
      retain: async (...told) => {
        move();
        await store.time.retain(...told);
      },
    },
  };
}
