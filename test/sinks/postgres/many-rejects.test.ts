import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { message } from '../../support/message.ts';
import { order, orderPipeline, run } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const packed = (text: string) =>
  message(gzipSync(text).toString('base64'), { attributes: { 'content-encoding': 'gzip' } });
const good = JSON.stringify(order('a'));

test('a small message that unpacks to 30,000 bad records keeps each of them, and its good one counts', async () => {
  const store = await place.open(orderPipeline());
  const body = packed(`[${'1,'.repeat(30_000)}${good}]`);
  expect(body.body.length).toBeLessThan(1_000);
  expect(await run(orderPipeline(), store, [[body]])).toMatchObject({ committed: 1, rejected: 30_000 });
  expect(await place.query('select count(*)::int as n from scalestream.rejects')).toEqual([{ n: 30_000 }]);
});

test('one that unpacks to millions is one reject with its body, and its neighbour counts', async () => {
  const store = await place.open(orderPipeline());
  const body = packed(`[1${',1'.repeat(4_000_000)}]`);
  const totals = await run(orderPipeline(), store, [[body, message(good)]]);
  expect(totals).toMatchObject({ committed: 1, rejected: 1 });
  expect(await place.rejects()).toMatchObject([{ reason: 'too-large', body: body.body }]);
});
