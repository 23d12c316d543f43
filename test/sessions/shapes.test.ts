import { merge } from 'rxjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  exactDistinct,
  filterEvents,
  foldInto,
  json,
  type Measure,
  max,
  memoryStore,
  pipeline,
  type Pipeline,
  session,
  sum,
  transaction,
  windowTable,
} from '../../src/index.ts';
import { OWNER, type Payment, payment, payments } from '../contracts/payments.ts';
import { shuffled } from '../contracts/shuffled.ts';
import { together } from '../contracts/store-under-test.ts';
import { atOnce, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

let place: PostgresPlace;
beforeAll(async () => {
  place = await postgresPlace();
});
afterAll(() => place.close());

const window = session({ gap: '20s' });

/** Payments in a minute or so, in no order: some come twice. */
const some = shuffled(
  Array.from({ length: 120 }, (_, n) =>
    payment(n % 100, {
      at: Date.UTC(2026, 0, 1) + (((n % 100) * 97_003) % 900_000),
      account: ['a', 'A "b" \\ c', 'é😀', ''][n % 4] as string,
      branch: ['1', '-9223372036854775808'][n % 2] as string,
      owner: n % 3 ? OWNER : OWNER.toUpperCase().replace(/1$/, '2'),
      cash: n % 5 === 0,
      amount: n % 7 ? `${n}.50` : null,
    }),
  ),
  7,
);

/** Rows of the tables, after the same in memory and in Postgres. */
async function bothOf(graph: Pipeline) {
  const memory = memoryStore(graph);
  const store = await place.open(graph);
  for (let n = 0; n < some.length; n += 30) {
    const flush: Payment[] = some.slice(n, n + 30);
    for (const each of [memory, store]) await run(graph, each, [together(flush)]);
  }
  const [stored, held]: [unknown[], unknown[]] = [[], []];
  for (const table of graph.windows) {
    stored.push((await place.windows(table)).map((row) => JSON.stringify(row)).sort());
    held.push(
      memory
        .rows(table.name)
        .map((row) => JSON.stringify(row))
        .sort(),
    );
  }
  return { stored, held };
}

const items = exactDistinct<Payment>((e) => e.account);

test('a key of every type, no key at all, no column of its own, and names that the statement itself uses', async () => {
  const typed = windowTable('typed', payments, {
    window,
    key: {
      account: (e) => e.account,
      branch: { bigint: (e) => e.branch },
      owner: { uuid: (e) => e.owner },
      cash: { boolean: (e) => e.cash },
    },
    measures: { n: count(), total: sum((e) => e.amount), most: max((e) => e.amount), accounts: items },
  });
  const keyless = windowTable('keyless', payments, {
    window: session({ gap: '8s' }),
    key: {},
    measures: { n: count(), accounts: items },
  });
  const bare = windowTable('bare', payments, {
    window,
    key: { owner: { uuid: (e) => e.owner } },
    measures: { d: items },
  });
  const odd = windowTable('start', payments, {
    window,
    key: { w: (e) => e.account, k0: { bigint: (e) => e.branch }, given: { boolean: (e) => e.cash } },
    measures: {
      first: count(),
      last: max((e) => e.amount),
      p0: sum((e) => e.amount),
      place: items,
      ends: items,
      stale: count(),
      key: count(),
      contents: count(),
      order: count(),
    },
  });
  const graph = pipeline('odd', [payments, typed, keyless, bare, odd], ({ messages, store }) =>
    messages.pipe(
      decode(json(payments)),
      transaction(store, { once: payments, retry: atOnce }, (fresh$) =>
        merge(
          fresh$.pipe(
            filterEvents((e) => e.cash),
            foldInto(typed),
          ),
          fresh$.pipe(
            filterEvents((e) => !e.cash),
            foldInto(typed),
          ),
          ...[keyless, bare, odd].map((table) => fresh$.pipe(foldInto(table))),
        ),
      ),
      acknowledge(),
    ),
  );
  const { stored, held } = await bothOf(graph);
  expect(stored).toEqual(held);
  expect(stored.map((rows) => (rows as unknown[]).length > 5)).toEqual([true, true, true, true]);
});

test('as many measures as anybody wants: functions take no more than 100 arguments, and this one takes two', async () => {
  const other = windowTable('wide', payments, {
    window,
    key: { account: (e) => e.account },
    measures: Object.fromEntries(
      Array.from({ length: 40 }, (_, n): [string, Measure<Payment>] => [`m${n}`, n % 2 ? items : sum((e) => e.amount)]),
    ),
  });
  const graph = pipeline('odd', [payments, other], ({ messages, store }) =>
    messages.pipe(
      decode(json(payments)),
      transaction(store, { once: payments, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(other))),
      acknowledge(),
    ),
  );
  await place.query('drop table if exists payments cascade; delete from scalestream.tables');
  const { stored, held } = await bothOf(graph);
  expect(stored).toEqual(held);
});
