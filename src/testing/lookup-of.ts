import type { Lookup } from '../lookup.ts';

/** A look-up in memory, which remembers what it was asked. */
export interface TestLookup<V> extends Lookup<V> {
  /** The keys of each question, in order. */
  readonly asked: readonly (readonly string[])[];
}

/**
 * A look-up for `enrich` that answers from an object or a `Map`: what a test changes in it is what is there from then on.
 *
 * @example
 * const campaigns = new Map([['c1', { channel: 'mail' }]]);
 * const shop = testPipeline(orders(lookupOf(campaigns)));
 */
export function lookupOf<V>(known: Readonly<Record<string, V>> | ReadonlyMap<string, V>, name = 'test'): TestLookup<V> {
  const asked: (readonly string[])[] = [];
  const valueOf = (key: string): V | undefined => {
    if (known instanceof Map) return (known as ReadonlyMap<string, V>).get(key);
    return Object.hasOwn(known, key) ? (known as Readonly<Record<string, V>>)[key] : undefined;
  };
  return {
    name,
    asked,
    open: () => ({
      async find(keys) {
        asked.push(keys);
        return new Map(
          keys.flatMap((key) => {
            const value = valueOf(key);
            return value === undefined ? [] : [[key, value] as const];
          }),
        );
      },
    }),
  };
}
