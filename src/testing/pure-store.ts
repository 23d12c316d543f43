import { isDeepStrictEqual } from 'node:util';
import { PipelineError } from '../errors.ts';
import type { Describe, Store } from '../store.ts';

/**
 * A store that asks the inner graph twice what each flush contributes. A graph that reads a clock, chance or a table answers differently some time,
 * and then `windows = fold(raw)` could not be proved.
 */
export function pureStore(store: Store, pipeline: string): Store {
  let describe: Describe | undefined;
  return {
    ...store,
    prepare(told, rehearsal) {
      describe = told;
      store.prepare(told, rehearsal);
    },
    async commit(flush) {
      const again = await describe?.(flush.entries);
      if (again && !isDeepStrictEqual(again.folds, flush.folds)) {
        throw new PipelineError(
          pipeline,
          'transaction',
          'the inner graph described the same events differently the second time. Fix: fold only what the event itself says',
        );
      }
      return store.commit(flush);
    },
  };
}
