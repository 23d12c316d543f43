import { merge } from 'rxjs';
import { expect, onTestFinished, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  exactDistinct,
  type FinalWindow,
  foldInto,
  hopping,
  json,
  memoryStore,
  pipeline,
  sum,
  toTable,
  transaction,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { finalWindow } from '../../src/sinks/final-window.ts';
import type { SinkBranch } from '../../src/when-final.ts';
import { OWNER, payment, payments } from '../contracts/payments.ts';
import { together } from '../contracts/store-under-test.ts';
import { SENT_AT } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { nowhere } from '../when-final/nowhere.ts';

const window = hopping({ size: '2m', every: '1m' });
/** By every type of key. */
const byKey = windowTable('by_key', payments, {
  window,
  key: {
    account: (e) => e.account,
    branch: { bigint: (e) => e.branch },
    owner: { uuid: (e) => e.owner },
    cash: { boolean: (e) => e.cash },
  },
  measures: { payments: count(), total: sum((e) => e.amount), accounts: exactDistinct((e) => e.account) },
});
/** Without a key: one row a window. */
const overall = windowTable('overall', payments, {
  window,
  key: {},
  measures: { payments: count(), total: sum((e) => e.amount), accounts: exactDistinct((e) => e.account) },
});
const branches = [
  whenFinal(byKey, nowhere(), { name: 'by_key' }),
  whenFinal(overall, nowhere(), { name: 'overall' }),
  whenFinal(byKey, toTable('by_key_final')),
  whenFinal(overall, toTable('overall_final')),
];
const declared = pipeline('banking', [payments, byKey, overall, ...branches], ({ messages, store }) =>
  messages.pipe(
    decode(json(payments)),
    transaction(store, { once: payments }, (fresh$) =>
      merge(fresh$.pipe(foldInto(byKey)), fresh$.pipe(foldInto(overall))),
    ),
    acknowledge(),
  ),
);

test('hopping windows with keys of every type, and with none, are final and revised in Postgres as in memory, and delivered as the same', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const store = await place.open(declared);
  const model = memoryStore(declared);
  const posted: FinalWindow[] = [];
  const flushes = [
    [
      { account: 'a "quoted" \\ one\n\u007f/ü😀', cash: true, amount: '1.50' },
      { account: 'b', branch: '-9223372036854775808', amount: null },
      { account: 'c', amount: '9007199254740993', at: SENT_AT + 61_000 },
    ],
    [
      { account: 'b', branch: '-9223372036854775808', amount: 1_000 },
      { account: 'c', amount: '0.0000000000000000000000001' },
    ],
  ];
  let n = 0;
  for (const flush of flushes) {
    const values = flush.map((given) => payment(n++, given));
    for (const each of [model, store]) await run(declared, each, [together(values)]);
    await model.time.report({ low: SENT_AT + 3_600_000, source: 'test', holding: false });
    await place.query(`update scalestream.watermarks set watermark = to_timestamp(${(SENT_AT + 3_600_000) / 1_000})`);
    expect(await store.time.tick()).toEqual(await model.time.tick());
    for (const table of [byKey, overall]) expect(await place.windows(table)).toEqual(model.rows(table.name));
  }
  for (const branch of branches.slice(0, 2))
    posted.push(...(await store.time.outbox.claim(branch as SinkBranch, 1_000, 1)).items.map((item) => item.window));
  const announced = model.announced().map((each) => finalWindow(each.table === byKey.name ? byKey : overall, each));
  const sorted = (all: readonly FinalWindow[]) => all.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));
  expect(sorted(posted)).toEqual(sorted(announced));
  expect(posted).toHaveLength(6 + 3 + 4 + 2);
  expect(
    posted.find(({ table, revised, start }) => table === 'overall' && revised && start.endsWith('00:00.000Z')),
  ).toEqual({
    delivery: expect.stringMatching(/^overall\/2026-01-01T00:00:00\.000Z\/[0-9a-f]{32}\/3$/),
    table: 'overall',
    start: '2026-01-01T00:00:00.000Z',
    end: '2026-01-01T00:02:00.000Z',
    key: {},
    measures: { payments: '5', total: '9007199254741994.5000000000000000000000001', accounts: '3' },
    revision: 3,
    revised: true,
  });
  expect(posted.find(({ table }) => table === byKey.name)?.key['owner']).toBe(OWNER);
});
