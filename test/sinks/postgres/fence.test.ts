import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Flush, Store } from '../../../src/index.ts';
import { message, SENT_AT } from '../../support/message.ts';
import { batchOf, order, orderPipeline, orders, run, trade } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const pipeline = orderPipeline();
const deliver = (store: Store, ...ids: string[]) =>
  run(pipeline, store, [[message(JSON.stringify([...ids.map((id) => order(id)), { bad: ids }]))]]);
const flushOf = (id: string): Flush => ({ entries: batchOf([order(id)]).entries, folds: [], rejects: [] });
const MOVE = `update scalestream.pipelines set version = 'another'`;

let place: PostgresPlace;
let store: Store;
beforeEach(async () => {
  place = await postgresPlace();
  store = await place.open(pipeline);
});
afterEach(() => place.close());

async function isUntouched(): Promise<void> {
  expect(await place.events(orders)).toBe(0);
  expect(await place.windows(trade)).toEqual([]);
  expect(await place.rejects()).toEqual([]);
  expect(await place.query('select worker from scalestream.workers where committed > 0')).toEqual([]);
}

test('a worker of another version than the database is fenced: it writes nothing at all', async () => {
  await place.query(MOVE);
  await expect(deliver(store, 'a')).rejects.toMatchObject({
    failure: 'fenced',
    message: `pipeline 'orders': expected version ${pipeline.version}; got version another in the database. Fix: this worker is of another version: deploy it again, or run migrate`,
  });
  await isUntouched();
});

test('a worker whose pipeline is not in the database is told to migrate', async () => {
  await place.query('delete from scalestream.pipelines');
  await expect(deliver(store, 'a')).rejects.toMatchObject({
    failure: 'fenced',
    message: expect.stringMatching(/run scalestream migrate/),
  });
  await isUntouched();
});

test('a version that moves while a flush waits for it fences that flush', async () => {
  const mover = place.session();
  await mover(`begin; ${MOVE}`);
  const flushing = deliver(store, 'a');
  const outcome = expect(flushing).rejects.toMatchObject({ failure: 'fenced' });
  await place.waiting(1);
  await mover('commit');
  await outcome;
  await isUntouched();
});

test('a version that was about to move and did not lets the waiting flush through', async () => {
  const mover = place.session();
  await mover(`begin; ${MOVE}`);
  const flushing = deliver(store, 'a');
  await place.waiting(1);
  await mover('rollback');
  expect(await flushing).toMatchObject({ committed: 1, rejected: 1 });
});

test('a version cannot move beneath a flush under way: it waits for the flush', async () => {
  await deliver(store, 'a');
  const [reader, mover] = [place.session(), place.session()];
  await reader(`begin; select from trade for update`);
  const flushing = deliver(store, 'b');
  await place.waiting(1);
  let moved = false;
  const moving = mover(MOVE).then(() => (moved = true));
  await place.waiting(2);
  expect(moved).toBe(false);
  await reader('commit');
  expect(await flushing).toMatchObject({ committed: 1 });
  await moving;
  expect(await place.windows(trade)).toMatchObject([{ orders: '2' }]);
  await expect(deliver(store, 'c')).rejects.toMatchObject({ failure: 'fenced' });
});

test('a flush made before the horizon moved is refused, again after the store knows the new one', async () => {
  const flush = flushOf('old');
  await place.moveHorizon(orders, SENT_AT + 86_400_000);
  await expect(store.commit(flush)).rejects.toMatchObject({ failure: 'horizon' });
  expect(store.horizon()).toBe((SENT_AT + 86_400_000) * 1_000);
  await expect(store.commit(flush)).rejects.toMatchObject({ failure: 'horizon' });
  await isUntouched();
});

test('no partition is made for a day behind the horizon', async () => {
  await place.moveHorizon(orders, SENT_AT + 86_400_000);
  await expect(store.commit(flushOf('old'))).rejects.toMatchObject({ failure: 'horizon' });
  expect(await place.query(`select to_regclass('orders_20260101') as day`)).toEqual([{ day: null }]);
});
