import { type MemoryStore, memoryStore, type Pipeline } from '../../src/index.ts';
import type { StoreUnderTest } from '../contracts/store-under-test.ts';

/** A place for memory stores: workers of one event table share what is stored. */
export async function memoryPlace(): Promise<StoreUnderTest> {
  const stores = new Map<string, MemoryStore>();
  const storeOf = (pipeline: Pipeline): MemoryStore => {
    const store = stores.get(pipeline.events.name) ?? memoryStore(pipeline);
    stores.set(pipeline.events.name, store);
    return store;
  };
  return {
    open: async (pipeline) => storeOf(pipeline),
    windows: async (table) => stores.get(table.of)?.rows(table.name) ?? [],
    events: async (table) => stores.get(table.name)?.events() ?? 0,
    rejects: async () => [...stores.values()].flatMap((store) => store.rejects()),
    moveHorizon: async (table, to) => stores.get(table.name)?.setHorizon(to * 1_000),
    close: async () => {},
  };
}
