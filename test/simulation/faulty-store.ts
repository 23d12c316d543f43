import { StoreError } from '../../src/errors.ts';
import type { Flush, Outcome, Store } from '../../src/store.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { call, type Fates, type Troubles } from './call.ts';
import { POISON } from './scenario.ts';

export interface FaultyStoreOptions {
  readonly world: VirtualClock;
  readonly process: VirtualProcess;
  readonly troubles: Troubles;
  readonly store: Store;
  readonly commits: Fates;
  /** Whether the server is down. */
  readonly isDown: () => boolean;
  /** The version fence: whether this worker's version is still in force. */
  readonly isCurrent: () => boolean;
  /** Told of each flush at the moment when it is committed. */
  readonly onCommit: (flush: Flush, outcome: Outcome) => void;
}

export const lost = () => new StoreError('retry', 'CONNECTION_CLOSED', 'no answer from the store');

const ODD = [
  () => new StoreError('retry', '40P01', 'deadlock detected'),
  () => new StoreError('slow', '57014', 'canceling statement due to statement timeout'),
  () => new StoreError('retry', '53300', 'too many connections'),
] as const;

/** The store as one worker reaches it. `odd` commits meet a deadlock, run into their time limit, or find no connection: nothing is written. */
export function faultyStore(options: FaultyStoreOptions): Store {
  const { world, process, troubles, store, commits, isDown, isCurrent, onCommit } = options;

  async function statement(flush: Flush): Promise<Outcome> {
    if (isDown()) throw lost();
    if (!isCurrent()) throw new StoreError('fenced', 'fenced', 'another version took over');
    if (flush.entries.some(({ id }) => id === POISON)) throw new StoreError('event', '23514', 'a check refuses it');
    const outcome = await store.commit(flush);
    onCommit(flush, outcome);
    return outcome;
  }

  return {
    ...store,
    commit(flush) {
      const fate = commits.next();
      const odd = fate.kind === 'odd' ? ODD[fate.ms % ODD.length] : undefined;
      const effect = async (): Promise<Outcome> => {
        if (odd) throw odd();
        return statement(flush);
      };
      return call({ world, process, troubles, fate, lost, effect });
    },
  };
}
