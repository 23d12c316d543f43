import type { Entry } from '../../src/batch.ts';
import { type MemoryStore, memoryStore, type Pipeline, type Store, StoreError } from '../../src/index.ts';

/** Where cases are run: a store that remembers what it took. */
export interface Ground {
  readonly store: Store;
  readonly memory: MemoryStore;
  /** What is committed, by time and id. */
  readonly committed: ReadonlyMap<string, Entry<unknown>>;
  /** Resolves when no flush is under way. */
  idle(): Promise<void>;
}

export const identityOf = (entry: Pick<Entry<unknown>, 'time' | 'id'>): string => `${entry.time} ${entry.id}`;

/**
 * The memory store; or, where `real` is given, that one, and the memory store behind it with what the real one took. What they counted must be
 * the same at every flush.
 */
export function ground(pipeline: Pipeline, real?: Store): Ground {
  const memory = memoryStore(pipeline);
  const committed = new Map<string, Entry<unknown>>();
  const underWay = new Set<Promise<unknown>>();
  const first = real ?? memory;

  let last: Promise<unknown> = Promise.resolve();

  const both: Store['commit'] = async (flush) => {
    const outcome = await first.commit(flush);
    const same = real ? await memory.commit(flush) : outcome;
    for (const entry of flush.entries) {
      // Of two events of one identity the first stays.
      const identity = identityOf(entry);
      if (!committed.has(identity)) committed.set(identity, entry);
    }
    if (outcome.fresh !== same.fresh || outcome.windows !== same.windows || outcome.rejects !== same.rejects)
      throw new StoreError('fatal', 'fuzz', `${JSON.stringify(outcome)}; in memory ${JSON.stringify(same)}`);
    return outcome;
  };

  /** One after the other, so that both stores see the same first. */
  const commit: Store['commit'] = (flush) => {
    const done = last.then(() => both(flush));
    last = done.catch(() => undefined);
    return done;
  };
  return {
    memory,
    committed,
    store: {
      prepare: (describe, folds) => first.prepare(describe, folds),
      horizon: () => first.horizon(),
      time: first.time,
      async compare(entries) {
        const compared = await first.compare(entries);
        const same = real ? await memory.compare(entries) : compared;
        if (compared.join() !== same.join())
          throw new StoreError('fatal', 'fuzz', `${compared.join()}; in memory ${same.join()}`);
        return compared;
      },
      commit(flush) {
        const done = commit(flush);
        const settled = done.catch(() => undefined).finally(() => underWay.delete(settled));
        underWay.add(settled);
        return done;
      },
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
