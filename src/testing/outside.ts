import type { Queue } from '../sources/queue.ts';
import type { Store } from '../store.ts';
import type { VirtualProcess } from './virtual-process.ts';

/** A queue as a process reaches it. */
export const outsideQueue = (queue: Queue, process: VirtualProcess): Queue => ({
  ...queue,
  receive: (max, waitSeconds, signal) => process.outside(() => queue.receive(max, waitSeconds, signal)),
  remove: (handles) => process.outside(() => queue.remove(handles)),
  changeVisibility: (changes) => process.outside(() => queue.changeVisibility(changes)),
  depth: () => process.outside(() => queue.depth()),
});

/** A store as a process reaches it. `onCommitted` is called when a commit is done, before the process hears of it. */
export const outsideStore = (store: Store, process: VirtualProcess, onCommitted: () => void): Store => ({
  ...store,
  commit: (flush) =>
    process.outside(async () => {
      const outcome = await store.commit(flush);
      onCommitted();
      return outcome;
    }),
});
