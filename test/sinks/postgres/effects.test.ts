import { afterEach, beforeEach, expect, test } from 'vitest';
import { acknowledge, count, decode, eventTable, foldInto, json, pipeline, transaction } from '../../../src/index.ts';
import { tumbling, windowTable } from '../../../src/index.ts';
import { balances, banking, OWNER, payment, payments } from '../../contracts/payments.ts';
import { message } from '../../support/message.ts';
import { Order, order, orderPipeline, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const together = (values: readonly unknown[]) => [message(JSON.stringify(values))];

test('a raw event keeps its JSON as it came, and the declared columns typed', async () => {
  const store = await place.open(banking);
  const body = `{"id":"${payment(1).id}", "at":"2026-01-01T00:00:00Z","account":"a\\"b\\\\,{}","branch":"9007199254740993","owner":"${OWNER}","cash":true,"amount":"1.50", "z": 12345678901234567890.10}`;
  await run(banking, store, [[message(body)]]);
  expect(
    await place.query(`select event::text as event, account, branch, owner, cash, amount,
      pg_typeof(branch)::text as t1, pg_typeof(owner)::text as t2, pg_typeof(amount)::text as t3 from payments`),
  ).toEqual([
    {
      event: body,
      account: 'a"b\\,{}',
      branch: '9007199254740993',
      owner: OWNER,
      cash: true,
      amount: '1.50',
      t1: 'bigint',
      t2: 'uuid',
      t3: 'numeric',
    },
  ]);
});

test('a column that is null in the event is null in the table', async () => {
  const store = await place.open(banking);
  await run(banking, store, [together([payment(1, { amount: null }), payment(2, { amount: 2 })])]);
  expect(await place.query('select amount from payments order by event_id')).toEqual([
    { amount: null },
    { amount: '2' },
  ]);
});

test('the mean is computed by the database from its sum and its count', async () => {
  const store = await place.open(banking);
  await run(banking, store, [
    together([payment(1, { amount: 1 }), payment(2, { amount: '2.5' }), payment(3, { amount: null })]),
  ]);
  expect(await place.query('select trim_scale(mean)::text as mean from balances')).toEqual([{ mean: '1.75' }]);
});

test('every merge raises the revision and the time of the row', async () => {
  const store = await place.open(orderPipeline());
  await run(orderPipeline(), store, [together([order('a')]), together([order('b')]), together([order('b')])]);
  expect(
    await place.query('select revision, final_revision, updated_at > now() - interval $$1 hour$$ as recent from trade'),
  ).toEqual([{ revision: '2', final_revision: null, recent: true }]);
});

test('a merge into a final window is remembered with its key, once, with the newest revision', async () => {
  const store = await place.open(banking);
  await run(banking, store, [together([payment(1, { account: 'x"\\' })])]);
  expect(await place.query('select * from scalestream.revised')).toEqual([]);
  await place.query('update balances set final_revision = revision');
  await run(banking, store, [together([payment(2, { account: 'x"\\' })]), together([payment(3, { account: 'x"\\' })])]);
  expect(
    await place.query(
      `select pipeline, window_table, window_start = '2026-01-01Z' as at, key ->> 'account' as account, revision from scalestream.revised`,
    ),
  ).toEqual([{ pipeline: 'banking', window_table: 'balances', at: true, account: 'x"\\', revision: '3' }]);
  expect(await place.windows(balances)).toMatchObject([{ payments: '3' }]);
});

test('each flush counts for its worker, and says that it lives', async () => {
  const database = place.database();
  await database.migrate(orderPipeline());
  const store = await database.open(orderPipeline(), { worker: 'me', lifeMs: 3_600_000 });
  await run(orderPipeline(), store, [together([order('a'), order('b')])]);
  const progress = `select worker, committed, expires_at > seen_at + interval '59 minutes' as lives from scalestream.workers`;
  expect(await place.query(progress)).toEqual([{ worker: 'me', committed: '2', lives: true }]);
  await run(orderPipeline(), store, [together([order('b'), order('c')])]);
  expect(await place.query(progress)).toEqual([{ worker: 'me', committed: '3', lives: true }]);
});

test('a table that keeps ids only counts as exactly, and stores no events', async () => {
  const visits = eventTable('visits', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: { ids: 'forever' } });
  const paces = windowTable('paces', visits, { window: tumbling('1m'), key: {}, measures: { visits: count() } });
  const counting = pipeline('counting', [visits, paces], ({ messages, store }) =>
    messages.pipe(
      decode(json(visits)),
      transaction(store, { once: visits }, (fresh$) => fresh$.pipe(foldInto(paces))),
      acknowledge(),
    ),
  );
  const store = await place.open(counting);
  await run(counting, store, [together([order('a'), order('b')]), together([order('b'), order('c')])]);
  expect(await place.windows(paces)).toMatchObject([{ visits: '3' }]);
  expect(
    await place.query(`select attname from pg_attribute where attrelid = 'visits'::regclass and attnum > 0`),
  ).toEqual(['event_time', 'event_id', 'counted', 'content'].map((attname) => ({ attname })));
});

test('a sum that leaves the range of its column stops the worker: nothing is rejected, nothing committed', async () => {
  const store = await place.open(orderPipeline());
  await run(orderPipeline(), store, [together([order('a')])]);
  await place.query('update trade set orders = 9223372036854775807');
  await expect(run(orderPipeline(), store, [together([order('b'), order('c')])])).rejects.toMatchObject({
    failure: 'fatal',
    reason: '22003',
    message: expect.stringMatching(/bigint out of range/),
  });
  expect(await place.rejects()).toEqual([]);
  expect(await place.query('select event_id from orders')).toEqual([{ event_id: 'a' }]);
  expect(await place.windows(trade)).toMatchObject([{ orders: '9223372036854775807', cents: '100' }]);
});

test('an event that was kept without being counted stays so when it is delivered again', async () => {
  const store = await place.open(banking);
  await run(banking, store, [together([payment(1)])]);
  await place.query('update payments set counted = false');
  await run(banking, store, [together([payment(1)])]);
  expect(await place.windows(balances)).toMatchObject([{ payments: '1' }]);
  expect(await place.events(payments)).toBe(0);
});
