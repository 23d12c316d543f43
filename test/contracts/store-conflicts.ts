import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Flush, type Store, StoreError } from '../../src/index.ts';
import { message, SENT_AT } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { type Identified, identified, sale } from './identified.ts';
import { apiece, type StoreUnderTest, together } from './store-under-test.ts';

const HOUR = 3_600_000;

/** What becomes of an id that comes again with the same time and another content, and of one that is made of the content. */
export function conflictContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name} tells repeats from conflicts`, () => {
    let place: StoreUnderTest;
    beforeEach(async () => {
      place = await make();
    });
    afterEach(() => place.close());

    const takings = async (of: Identified) =>
      (await place.windows(of.takings)).map((row) => [row['shop'], row['sales'], row['cents']]);
    const rejects = async () => (await place.rejects()).map(({ reason, body }) => [reason, body]);

    test('another content under an id and time is a reject, kept once; the first stays as it is, and siblings count', async () => {
      const shop = identified('sales');
      const store = await place.open(shop.pipeline);
      await run(shop.pipeline, store, [together([sale('a', { cents: 5 }), sale('b')])]);
      const other = sale('a', { cents: 7 });
      const second = together([sale('b'), other, sale('c')]);
      const first = await run(shop.pipeline, store, [second]);
      expect(first).toMatchObject({ committed: 1, duplicates: 1, rejected: 1, diverted: 0 });
      expect(await run(shop.pipeline, store, [second, apiece([other])])).toMatchObject({ duplicates: 4, rejected: 0 });
      expect(await place.rejects()).toMatchObject([
        {
          reason: 'id-conflict',
          body: JSON.stringify(other),
          ordinal: 1,
          detail: expect.stringContaining(`id 'a' and time ${new Date(SENT_AT).toISOString()}`),
        },
      ]);
      expect(await takings(shop)).toEqual([['here', '3', '7']]);
    });

    test('an event that says the same otherwise is a repeat: spaces, order of keys, spelling of numbers and text', async () => {
      const shop = identified('sales');
      const store = await place.open(shop.pipeline);
      const { at } = sale('');
      await run(shop.pipeline, store, [
        [message(`{"id":"ä","at":${at},"shop":"x","cents":10,"more":{"a":[1,{}],"b":null}}`)],
      ]);
      const same = [
        `{ "more": { "b" : null, "a" : [ 1.0, { } ] }, "cents": 1e1, "shop": "\\u0078", "at": ${at}, "id": "\\u00e4" }`,
        `{"id":"no","id":"ä","at":${at},"shop":"x","cents":10.0,"more":{"a":[1,{}],"b":null}}`,
      ];
      const totals = await run(shop.pipeline, store, [
        same.map((body) => message(body)),
        [message(`[${same.join()}]`)],
      ]);
      expect(totals).toMatchObject({ committed: 0, duplicates: 4, rejected: 0 });
      const others = ['"more":{"a":[1,{}]}', '"more":{"a":[{},1],"b":null}', '"more":{"a":["1",{}],"b":null}'];
      const different = others.map((more) => message(`{"id":"ä","at":${at},"shop":"x","cents":10,${more}}`));
      expect(await run(shop.pipeline, store, [different])).toMatchObject({ duplicates: 0, rejected: 3 });
    });

    test('what is stored decides between contents that come together, whichever comes first then', async () => {
      const shop = identified('sales');
      const store = await place.open(shop.pipeline);
      const [a, b, c] = [sale('x', { cents: 1 }), sale('x', { cents: 2 }), sale('x', { cents: 4 })];
      expect(await run(shop.pipeline, store, [together([a, b, sale('y'), b, a])])).toMatchObject({
        committed: 2,
        rejected: 1,
        duplicates: 2,
      });
      expect(await run(shop.pipeline, store, [together([b, a, c, b])])).toMatchObject({ duplicates: 3, rejected: 1 });
      expect(await run(shop.pipeline, store, [together([c, b, a])])).toMatchObject({ duplicates: 3, rejected: 0 });
      expect(await takings(shop)).toEqual([['here', '2', '2']]);
      expect(await rejects()).toEqual([
        ['id-conflict', JSON.stringify(b)],
        ['id-conflict', JSON.stringify(c)],
      ]);
    });

    test('an id whose first event is unfit is free for the next one', async () => {
      const shop = identified('sales');
      const store = await place.open(shop.pipeline);
      const delivery = together([sale('x', { shop: null }), sale('x', { cents: 2 }), sale('x', { cents: 3 })]);
      expect(await run(shop.pipeline, store, [delivery])).toMatchObject({ committed: 1, rejected: 2 });
      expect(await run(shop.pipeline, store, [delivery])).toMatchObject({ committed: 0, rejected: 0, duplicates: 3 });
      expect(await takings(shop)).toEqual([['here', '1', '2']]);
    });

    test('cut off before the conflict is kept, nothing is acknowledged, and the redelivery keeps it', async () => {
      const shop = identified('sales');
      const store = await place.open(shop.pipeline);
      await run(shop.pipeline, store, [together([sale('a')])]);
      const cut: Store = {
        ...store,
        commit: (flush: Flush) =>
          flush.rejects.length > 0
            ? Promise.reject(new StoreError('fatal', 'cut', 'the worker is gone'))
            : store.commit(flush),
      };
      const delivery = together([sale('b'), sale('a', { cents: 9 })]);
      await expect(run(shop.pipeline, cut, [delivery])).rejects.toThrow('the worker is gone');
      expect(delivery[0]?.story).not.toContain('acknowledge');
      expect(await place.rejects()).toEqual([]);
      expect(await run(shop.pipeline, store, [delivery])).toMatchObject({ committed: 0, duplicates: 1, rejected: 1 });
      expect(await takings(shop)).toEqual([['here', '2', '2']]);
    });

    test('a diverted event has the same claim to its id', async () => {
      const shop = identified('sales', { late: 'divert', lateness: '1m' });
      const store = await place.open(shop.pipeline);
      await store.time.report({ low: SENT_AT + 3 * HOUR, source: 'test', holding: false });
      await store.time.tick();
      expect(await run(shop.pipeline, store, [together([sale('a')])])).toMatchObject({ committed: 0, diverted: 1 });
      const again = together([sale('a', { cents: 3 }), sale('a')]);
      expect(await run(shop.pipeline, store, [again])).toMatchObject({ diverted: 0, duplicates: 1, rejected: 1 });
      expect(await takings(shop)).toEqual([]);
    });

    test('events that an operator changed are not compared', async () => {
      const shop = identified('sales', {}, true);
      const store = await place.open(shop.pipeline);
      const both = together([sale('a'), sale('a', { cents: 2 })]);
      expect(await run(shop.pipeline, store, [both])).toMatchObject({ committed: 1, duplicates: 1, rejected: 0 });
      const third = together([sale('a', { cents: 3 })]);
      expect(await run(shop.pipeline, store, [third])).toMatchObject({ duplicates: 1, rejected: 0 });
      expect(await takings(shop)).toEqual([['here', '1', '1001']]);
    });

    test('where ids only are kept, the text as it came is compared', async () => {
      const shop = identified('sales', { keep: { ids: 'forever' } });
      const store = await place.open(shop.pipeline);
      const [a, other] = [sale('a'), sale('a', { cents: 2 })];
      await run(shop.pipeline, store, [together([a])]);
      const spaced = message(JSON.stringify(a, undefined, 1));
      expect(await run(shop.pipeline, store, [together([other, a])])).toMatchObject({ duplicates: 1, rejected: 1 });
      expect(await run(shop.pipeline, store, [[spaced], together([other])])).toMatchObject({
        duplicates: 1,
        rejected: 1,
      });
      expect(await takings(shop)).toEqual([['here', '1', '1']]);
    });

    test('ids of the content: what says the same is one event, what does not is another, and none is a conflict', async () => {
      for (const keep of ['forever', { ids: 'forever' }] as const) {
        const shop = identified(keep === 'forever' ? 'whole' : 'ids', { id: 'content', keep });
        const store = await place.open(shop.pipeline);
        const { id: _, ...bare } = sale('');
        const same = [
          JSON.stringify(bare),
          JSON.stringify(bare, undefined, 2),
          `{"cents":1.0,"shop":"here","at":${bare.at}}`,
        ];
        const others = [
          { ...bare, more: 1 },
          { ...bare, cents: 2 },
        ].map((other) => JSON.stringify(other));
        const delivery = [...same, ...others].map((body) => message(body));
        expect(await run(shop.pipeline, store, [delivery, delivery])).toMatchObject({
          committed: 3,
          duplicates: 7,
          rejected: 0,
        });
        expect(await takings(shop)).toEqual([['here', '3', '4']]);
      }
    });
  });
}
