import { expect, test } from 'vitest';
import type { StoreError } from '../../../src/index.ts';
import { batchOf, order, orderPipeline, orders } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

/** Each waits so long for the lock, one after the other on the one connection: the last are answered only after their deadline. */
const STATEMENT_MS = 500;
const FLUSHES = 8;

test('a flush that is answered too late gives up at its deadline, and its repetition finds what became of it', async () => {
  const pipeline = orderPipeline();
  const place = await postgresPlace();
  const database = place.database({ connections: 1, statementMs: STATEMENT_MS });
  await database.migrate(pipeline);
  const store = await database.open(pipeline, { worker: 'patient' });
  const flush = (n: number) =>
    store.commit({ entries: batchOf([order(`order ${n}`)]).entries, folds: [], rejects: [] });
  await flush(0);
  const blocker = place.session();
  await blocker('begin; lock table orders in access exclusive mode');
  const errors = await Promise.all(
    Array.from({ length: FLUSHES }, (_, n) => flush(n + 1).catch((error: unknown) => error as StoreError)),
  );
  expect(errors).toMatchObject(Array.from({ length: FLUSHES }, () => ({ failure: 'retry' })));
  expect(errors).toContainEqual(expect.objectContaining({ reason: 'DEADLINE' }));
  await blocker('commit');
  for (let n = 1; n <= FLUSHES; n++) await flush(n);
  expect(await place.events(orders)).toBe(FLUSHES + 1);
  await place.close();
});
