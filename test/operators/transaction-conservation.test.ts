import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  acknowledge,
  decode,
  foldInto,
  gather,
  json,
  memoryStore,
  pipeline,
  StoreError,
  transaction,
} from '../../src/index.ts';
import { faultyStore, refusing, unknownOutcome } from '../support/faulty-store.ts';
import { message } from '../support/message.ts';
import { naiveTrade } from '../support/naive-fold.ts';
import { atOnce, type Order, order, orders, run, trade } from '../support/orders.ts';

/** What an id stands for is always the same: a producer's ids do not change their events. */
const eventOf = (n: number): Order =>
  order(`order ${n}`, { at: (n * 7_919) % 60_000, product: ['tea', 'mug', 'Tea', ''][n % 4] as string, cents: n - 20 });

/** Records that cannot be counted: no JSON, a wrong schema, no key, poison, unstorable text, too far ahead. */
const bad = [
  'nope',
  '{"id":"x"}',
  JSON.stringify({ ...eventOf(1), id: 'no key', product: null }),
  '{"__proto__":1}',
  String.raw`{"id":"\u0000"}`,
  JSON.stringify(order('tomorrow', { at: 2 * 86_400_000 })),
];

const good = fc.integer({ min: 0, max: 40 });
const record = fc.oneof(
  { weight: 5, arbitrary: good.map((n) => ({ good: n, text: JSON.stringify(eventOf(n)) })) },
  { weight: 1, arbitrary: fc.constantFrom(...bad).map((text) => ({ good: undefined, text })) },
);
const messages = fc.array(fc.array(record, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 12 });
/** Which message is delivered when: each at least once, some again. */
const schedule = messages.chain((sent) =>
  fc.record({
    sent: fc.constant(sent),
    again: fc.array(fc.nat({ max: sent.length - 1 }), { maxLength: 8 }),
    packed: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }),
    lines: fc.boolean(),
  }),
);
const settings = fc.record({
  gathered: fc.integer({ min: 1, max: 30 }),
  limit: fc.integer({ min: 1, max: 9 }),
  concurrency: fc.integer({ min: 1, max: 3 }),
});
/** Per flush: what goes wrong. The list ends, so a run does too. */
const faults = fc.array(fc.constantFrom('none', 'before', 'after', 'slow'), { maxLength: 12 });
const refused = fc.uniqueArray(good, { maxLength: 3 });

test('committed + duplicates + rejected = arrived, and the windows are the fold of the distinct good events, whatever happens on the way', async () => {
  await fc.assert(
    fc.asyncProperty(
      schedule,
      settings,
      faults,
      refused,
      async ({ sent, again, packed, lines }, { gathered, limit, concurrency }, failures, refusedIds) => {
        const graph = pipeline('orders', [orders, trade], ({ messages, store }) =>
          messages.pipe(
            decode(json(orders)),
            gather({ events: gathered, within: '1h' }),
            transaction(store, { once: orders, retry: atOnce, events: limit, concurrency }, (fresh$) =>
              fresh$.pipe(foldInto(trade)),
            ),
            acknowledge(),
          ),
        );
        const inner = memoryStore(graph);
        const refuse = refusing(...refusedIds.map((n) => eventOf(n).id));
        const store = faultyStore(inner, {
          before(flush, n) {
            const fault = failures[n - 1];
            if (fault === 'before') return unknownOutcome();
            if (fault === 'slow') return new StoreError('slow', '57014', 'timeout');
            return refuse(flush);
          },
          after: (_, n) => (failures[n - 1] === 'after' ? unknownOutcome() : undefined),
        });

        const bodies = sent.map((records) => {
          const texts = records.map(({ text }) => text);
          return lines ? texts.join('\n') : `[${texts.join(',')}]`;
        });
        const delivered = [...sent.keys(), ...again];
        const deliveries = [];
        for (let at = 0, i = 0; at < delivered.length; i++) {
          const size = packed[i % packed.length] as number;
          deliveries.push(
            delivered.slice(at, at + size).map((index) => message(bodies[index] as string, { id: `m${index}` })),
          );
          at += size;
        }

        const totals = await run(graph, store, deliveries);

        const arrived = delivered.reduce((total, index) => total + (sent[index]?.length ?? 0), 0);
        expect(totals.committed + totals.duplicates + totals.rejected).toBe(arrived);
        for (const n of Object.values(totals)) expect(n).toBeGreaterThanOrEqual(0);

        const distinct = new Set(sent.flat().flatMap((each) => each.good ?? []));
        const counted = [...distinct].filter((n) => !refusedIds.includes(n));
        expect(inner.rows('trade')).toEqual(naiveTrade(counted.map(eventOf)));
        expect(inner.events()).toBe(counted.length);

        if (!failures.includes('after')) {
          expect(totals.committed).toBe(counted.length);
          expect(totals.rejected).toBe(inner.rejects().length);
        }
        const reasons = inner.rejects().filter((reject) => reject.reason === 'refused-by-store');
        expect(reasons).toHaveLength(distinct.size - counted.length);
        for (const delivery of deliveries) for (const { story } of delivery) expect(story.at(-1)).toBe('acknowledge');
      },
    ),
    { numRuns: 300 },
  );
});
