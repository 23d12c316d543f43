import * as fc from 'fast-check';
import { session } from '../../src/index.ts';
import { MEASURES } from '../measures/every-measure.ts';
import { type Fact, measured, someFacts, START } from '../measures/facts.ts';

export const GAP_MS = 5_000;

/** Sessions of facts by page, five seconds apart. */
export const visits = measured(MEASURES, session({ gap: `${GAP_MS}ms` }));

/** At whole seconds, so that many are exactly a gap apart. */
export const factsApart: fc.Arbitrary<Fact[]> = someFacts.map((all) =>
  all.map((each) => ({ ...each, at: START + Math.floor((each.at - START) / 1_000) * 1_000 })),
);

/** A part of them, as deliveries: some facts come twice, in any order. */
export function delivered(all: readonly Fact[], pick: (n: number) => number): Fact[][] {
  const flushes: Fact[][] = Array.from({ length: 1 + pick(8) }, () => []);
  for (const each of [...all, ...all.filter(() => pick(4) === 0)]) flushes[pick(flushes.length)]?.push(each);
  return flushes.filter((flush) => flush.length > 0);
}

/** Chance that shrinks. */
export const chance: fc.Arbitrary<(n: number) => number> = fc
  .infiniteStream(fc.nat())
  .map((stream) => (n) => (stream.next().value as number) % n);
