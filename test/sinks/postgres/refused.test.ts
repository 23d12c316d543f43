import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { acknowledge, count, decode, eventTable, foldInto, json, pipeline, transaction } from '../../../src/index.ts';
import { tumbling, windowTable } from '../../../src/index.ts';
import { balances, banking, payment, payments } from '../../contracts/payments.ts';
import { message } from '../../support/message.ts';
import { atOnce, Order, order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const together = (values: readonly unknown[]) => [message(JSON.stringify(values))];

test('an event that a check on the raw table refuses stands alone as a reject; its siblings are committed', async () => {
  const store = await place.open(banking);
  await place.query(`alter table payments add constraint modest check (amount < 1000)`);
  const values = Array.from({ length: 33 }, (_, n) => payment(n, { amount: n === 20 ? 5_000 : 1 }));
  const delivery = together(values);
  expect(await run(banking, store, [delivery])).toMatchObject({ committed: 32, rejected: 1, duplicates: 0 });
  expect(await place.windows(balances)).toMatchObject([{ payments: '32', total: '32' }]);
  const [reject] = await place.rejects();
  expect(reject).toMatchObject({ reason: 'refused-by-store', ordinal: 20, body: JSON.stringify(values[20]) });
  expect(reject?.detail).toMatch(/violates check constraint "modest" \[23514\]/);
  expect(await run(banking, store, [delivery])).toMatchObject({ committed: 0, rejected: 0, duplicates: 33 });
});

test('several events that the database refuses are found, each alone', async () => {
  const store = await place.open(banking);
  await place.query(`alter table payments add constraint modest check (amount < 1000)`);
  const values = Array.from({ length: 16 }, (_, n) => payment(n, { amount: [0, 7, 8, 15].includes(n) ? 5_000 : 1 }));
  expect(await run(banking, store, [together(values)])).toMatchObject({ committed: 12, rejected: 4 });
  expect((await place.rejects()).map(({ ordinal }) => ordinal)).toEqual([0, 7, 8, 15]);
});

test('an event nested deeper than Postgres parses is a reject; its siblings are committed', async () => {
  const store = await place.open(orderPipeline());
  const deep = `{"id":"deep","at":${order('x').at},"product":"tea","cents":1,"more":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
  const body = `[${JSON.stringify(order('a'))},${deep},${JSON.stringify(order('b'))}]`;
  expect(await run(orderPipeline(), store, [[message(body)]])).toMatchObject({ committed: 2, rejected: 1 });
  expect(await place.rejects()).toMatchObject([
    { reason: 'refused-by-store', detail: /54001/, ordinal: 1, body: deep },
  ]);
});

test('a number beyond every range is kept as it came, and folds nothing', async () => {
  const store = await place.open(orderPipeline());
  const huge = `{"id":"huge","at":${order('x').at},"product":"tea","cents":1,"more":1e200000}`;
  expect(await run(orderPipeline(), store, [[message(huge)]])).toMatchObject({ committed: 1 });
  expect(await place.query('select event::text as event from orders')).toEqual([{ event: huge }]);
});

/** Text that does not compress: short, unless it is made of something long. */
const noise = (seed: string): string =>
  createHash('shake256', { outputLength: seed.startsWith('long') ? 740 : 9 })
    .update(seed)
    .digest('base64');

test('a key too long for the index of its window is a reject, not the end of the worker', async () => {
  const wide = windowTable('wide', orders, {
    window: tumbling('1m'),
    key: { a: (e) => noise(`${e.product}a`), b: (e) => noise(`${e.product}b`), c: (e) => noise(`${e.product}c`) },
    measures: { orders: count() },
  });
  const widely = pipeline('widely', [orders, wide], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      transaction(store, { once: orders, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(wide))),
      acknowledge(),
    ),
  );
  const store = await place.open(widely);
  const values = [order('a'), order('long', { product: 'long' }), order('b')];
  expect(await run(widely, store, [together(values)])).toMatchObject({ committed: 2, rejected: 1 });
  expect(await place.rejects()).toMatchObject([
    { reason: 'unfoldable', detail: /key 'a', 'b', 'c': expected at most 2000 bytes in all; got 2964/, ordinal: 1 },
  ]);
});

test('an event whose declared column does not fit, or throws, is a reject with its reason', async () => {
  const picky = eventTable('picky', {
    schema: Order,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    columns: {
      whole: { bigint: (e) => e.cents },
      letter: (e) => (e.product as string).slice(0, 1),
    },
  });
  const choosing = pipeline('choosing', [picky], ({ messages, store }) =>
    messages.pipe(
      decode(json(picky)),
      transaction(store, { once: picky, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(trade))),
      acknowledge(),
    ),
  );
  expect(choosing.windows).toEqual([]);
  const store = await place
    .database()
    .migrate(choosing)
    .then(() => place.database().open(choosing, { worker: 'w' }));
  const [fit, half, none] = [order('fit'), order('half', { cents: 0.5 }), order('none', { product: null })] as const;
  const entry = (value: Order, position: number) => ({
    value,
    id: value.id,
    time: value.at * 1_000,
    raw: JSON.stringify(value),
    json: JSON.stringify(value),
    message: message(''),
    ordinal: position,
    position,
  });
  await expect(store.commit({ entries: [entry(fit, 0)], folds: [], rejects: [] })).resolves.toMatchObject({ fresh: 1 });
  await expect(store.commit({ entries: [entry(half, 0)], folds: [], rejects: [] })).rejects.toMatchObject({
    failure: 'event',
    message: "column 'whole': expected bigint",
  });
  await expect(store.commit({ entries: [entry(none, 0)], folds: [], rejects: [] })).rejects.toMatchObject({
    failure: 'event',
    message: expect.stringMatching(/column 'letter' threw/),
  });
});

test('a check on a window table is no fault of an event: the worker stops, and nothing is rejected', async () => {
  const store = await place.open(banking);
  await place.query(`alter table balances add constraint few check (payments < 2)`);
  await expect(run(banking, store, [together([payment(1), payment(2)])])).rejects.toMatchObject({ failure: 'fatal' });
  expect([await place.events(payments), await place.rejects()]).toEqual([0, []]);
});
