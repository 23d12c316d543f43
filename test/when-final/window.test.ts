import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  type FinalWindow,
  memoryStore,
  type Pipeline,
  pipeline,
  tumbling,
  whenFinal,
  windowTable,
  count,
} from '../../src/index.ts';
import type { SinkBranch } from '../../src/when-final.ts';
import { finalWindow } from '../../src/sinks/final-window.ts';
import { balances, banking, OWNER, payment, payments, till } from '../contracts/payments.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { nowhere } from './nowhere.ts';

const both = [whenFinal(balances, nowhere(), { name: 'balances' }), whenFinal(till, nowhere(), { name: 'till' })];
const declared: Pipeline = pipeline('banking', [payments, balances, till, ...both], banking.graph);
const AT = Date.UTC(2026, 0, 1);

/** What memory and Postgres deliver of the same flushes, each of which is followed by a tick. */
async function deliveredBy(flushes: readonly (readonly Parameters<typeof payment>[1][])[]) {
  const place = await postgresPlace();
  const inMemory = memoryStore(declared);
  const store = await place.open(declared);
  let n = 0;
  try {
    for (const flush of flushes) {
      const values = flush.map((given) => payment(n++, given));
      for (const each of [inMemory, store]) await run(declared, each, [together(values)]);
      await inMemory.time.report({ low: AT + 10 * 3_600_000, source: 'test', holding: false });
      await place.query(`update scalestream.watermarks set watermark = '2026-01-01T10:00:00Z'`);
      for (const each of [inMemory, store]) await each.time.tick();
    }
    const posted: FinalWindow[] = [];
    for (const branch of both)
      posted.push(...(await store.time.outbox.claim(branch as SinkBranch, 1_000, 1)).items.map((item) => item.window));
    const announced = inMemory.announced().map((each) => finalWindow(each.table === till.name ? till : balances, each));
    return [posted, announced].map((all) => all.sort((a, b) => (a.delivery < b.delivery ? -1 : 1)));
  } finally {
    await place.close();
  }
}

test('a final window is the same from memory and from Postgres: times, every type of key, every measure, its delivery', async () => {
  const [posted, announced] = await deliveredBy([
    [
      { account: 'a "quoted" \\ one\n\u007f/ü😀', cash: true, amount: '1.50' },
      { account: 'b', branch: '-9223372036854775808', amount: null },
      { account: 'c', amount: '10' },
      { account: 'c', amount: '-0.0000000000000000000000001' },
    ],
    [
      { account: 'c', amount: '9007199254740993' },
      { account: 'b', branch: '-9223372036854775808', amount: 1_000 },
    ],
  ]);
  expect(posted).toEqual(announced);
  expect(posted).toHaveLength(6);
  expect(posted?.find(({ key, revised }) => key['account'] === 'b' && revised)).toEqual({
    delivery: expect.stringMatching(/^balances\/2026-01-01T00:00:00\.000Z\/[0-9a-f]{32}\/2$/),
    table: 'balances',
    start: '2026-01-01T00:00:00.000Z',
    end: '2026-01-01T00:01:00.000Z',
    key: { account: 'b', branch: '-9223372036854775808', owner: OWNER, cash: 'false' },
    measures: {
      payments: '2',
      large: '1',
      total: '1000',
      least: '1000',
      most: '1000',
      mean_sum: '1000',
      mean_count: '1',
      mean: '1000',
    },
    revision: 2,
    revised: true,
  });
});

test('means have the digits that Postgres gives them', async () => {
  const amount = fc
    .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.integer({ min: 0, max: 4 }))
    .map(([digits, scale]) => `${digits < 0n ? '-' : ''}${decimal(String(digits < 0n ? -digits : digits), scale)}`);
  const account = fc.integer({ min: 0, max: 80 }).map(String);
  const seed = Math.floor(Math.random() * 2 ** 31);
  const [posted = [], announced = []] = await deliveredBy([
    fc.sample(fc.record({ account, amount }), { seed, numRuns: 240 }),
  ]);
  const means = (windows: readonly FinalWindow[]) => windows.map(({ key, measures }) => [key, measures]);
  expect(means(posted), `seed ${seed}`).toEqual(means(announced));
});

const decimal = (digits: string, scale: number): string => {
  const padded = digits.padStart(scale + 1, '0');
  return scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
};

test('windows of parts of a millisecond keep their starts apart, and so their deliveries', async () => {
  const fine = windowTable('fine', payments, { window: tumbling('1.5ms'), key: {}, measures: { n: count() } });
  const branch = whenFinal(fine, nowhere(), { name: 'fine' });
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const store = await place.open(pipeline('banking', [payments, fine, branch], banking.graph));
  await place.query(`update scalestream.watermarks set watermark = '2026-01-01T10:00:00Z'`);
  await place.query(
    `insert into fine (window_start, n) values ('2026-01-01T00:00:00.0015Z', 7), ('2026-01-01T00:00:00.003Z', 8)`,
  );
  await store.time.tick();
  const posted = (await store.time.outbox.claim(branch as SinkBranch, 10, 1)).items.map((item) => item.window);
  const row = (window: number, n: string) =>
    finalWindow(fine, {
      window: AT * 1_000 + window,
      end: AT * 1_000 + window + 1_500,
      key: [],
      measures: { n },
      revision: 1,
      revised: false,
    });
  expect(posted).toEqual([row(1_500, '7'), row(3_000, '8')]);
  expect(posted[0]).toMatchObject({ start: '2026-01-01T00:00:00.001500Z', end: '2026-01-01T00:00:00.003000Z' });
});
