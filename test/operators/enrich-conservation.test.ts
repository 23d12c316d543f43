import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoff, LookupError, type Lookup } from '../../src/index.ts';
import { enriching } from '../support/enriching.ts';

/** What the look-up said, and when. */
interface Answer {
  readonly key: string;
  readonly at: number;
}

const KEYS = ['tea', 'mug', 'pen', 'ink', 'none 1', 'none 2'];
const isThere = (key: string): boolean => !key.startsWith('none');

const batch = fc.record({
  keys: fc.array(fc.option(fc.constantFrom(...KEYS)), { maxLength: 8 }),
  /** Virtual time until the next one comes, while this one may still wait. */
  gapMs: fc.constantFrom(0, 1, 400, 3_000, 20_000),
});
const settings = fc.record({ entries: fc.integer({ min: 1, max: 7 }), ttlMs: fc.constantFrom(1, 500, 5_000, 60_000) });
/** Of each question in turn: how often it fails first, and how. */
const failures = fc.array(fc.array(fc.constantFrom('refused', 'silent', 'thrown'), { maxLength: 4 }), { maxLength: 6 });

test('every event comes out once, in order, with an answer for its key no older than the ttl, by one question a batch at most', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { maxLength: 12 }),
      settings,
      failures,
      async (batches, { entries, ttlMs }, failing) => {
        const questions: (readonly string[])[] = [];
        const tries: (readonly string[])[] = [];
        let left = [...(failing[0] ?? [])];
        const lookup: Lookup<Answer> = {
          name: 'crm',
          open: () => ({
            async find(keys) {
              tries.push(keys);
              const fault = left.shift();
              if (fault === 'silent') return new Promise(() => undefined);
              if (fault === 'thrown') throw new Error('what nobody foresaw');
              if (fault === 'refused') throw new LookupError('retry', 'ECONNREFUSED', 'nobody there');
              questions.push(keys);
              left = [...(failing[questions.length] ?? [])];
              return new Map(keys.filter(isThere).map((key) => [key, { key, at: stage.clock.now() }]));
            },
          }),
        };
        const stage = enriching(lookup, {
          entries,
          ttl: `${ttlMs}ms`,
          retry: backoff({ first: '50ms', cap: '1s', random: () => 0.7 }),
        });
        const { clock, out, subscription } = stage;
        const came: { readonly ids: string[]; readonly at: number }[] = [];
        /** When each batch went out. */
        const went: number[] = [];
        const look = (): void => {
          while (went.length < out.length) went.push(clock.now());
        };
        for (const { keys, gapMs } of batches) {
          const at = clock.now();
          const { entries: given } = await stage.give(...keys);
          came.push({ ids: given.map(({ id }) => id), at });
          look();
          const until = clock.now() + gapMs;
          while (clock.now() < until) {
            await clock.advance(Math.min(10, until - clock.now()));
            look();
          }
        }
        while (clock.pending > 0) {
          await clock.step();
          look();
        }
        expect(stage.failed()).toBeUndefined();
        expect(out.map((each) => each.entries.map(({ id }) => id))).toEqual(came.map(({ ids }) => ids));
        expect(out.flatMap(({ rejects }) => rejects)).toEqual([]);
        for (const [i, { entries: events }] of out.entries()) {
          const turn = Math.max(came[i]?.at ?? 0, went[i - 1] ?? 0);
          for (const { value } of events) {
            const { product, found } = value;
            expect(found?.key ?? null).toBe(product !== null && isThere(product) ? product : null);
            // it is seen to go out up to 10 ms later than it does
            if (found) expect(found.at).toBeGreaterThanOrEqual(turn - ttlMs - 10);
          }
        }
        const asking = batches.filter(({ keys }) => keys.some((key) => key !== null)).length;
        expect(questions.length).toBeLessThanOrEqual(asking);
        for (const keys of tries) expect(new Set(keys).size).toBe(keys.length);
        subscription.unsubscribe();
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
