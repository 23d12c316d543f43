import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Flush } from '../../../src/index.ts';
import { flushParameters } from '../../../src/sinks/postgres/flush-parameters.ts';
import { flushStatement } from '../../../src/sinks/postgres/statement.ts';
import { banking, payment } from '../../contracts/payments.ts';
import { shuffled } from '../../contracts/shuffled.ts';
import { message } from '../../support/message.ts';
import { order, orderPipeline, run } from '../../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../../support/postgres-place.ts';

const pipeline = orderPipeline();
let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

const values = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) =>
    order(`order ${from + n}`, { at: n % 60_000, product: `product ${n % 700}`, cents: n }),
  );

test('the statement has as many parameters as a flush has, and its text knows nothing of the batch', () => {
  for (const each of [pipeline, banking]) {
    const text = flushStatement(each);
    const empty: Flush = { entries: [], folds: [], rejects: [] };
    const parameters = flushParameters(each, empty, { instance: 'w', lifeMs: 1, horizon: 0, bound: 0 });
    const named = new Set(text.match(/\$\d+/g)?.map((name) => Number(name.slice(1))));
    expect([...named].toSorted((a, b) => a - b)).toEqual(parameters.map((_, i) => i + 1));
    expect(flushStatement(each)).toBe(text);
  }
});

test('batches of any size, folds or not, rejects or not, are one prepared statement', async () => {
  const database = place.database({ connections: 1 });
  await database.migrate(pipeline);
  const store = await database.open(pipeline, { worker: 'w' });
  for (const size of [1, 2, 700, 30])
    await run(pipeline, store, [[message(JSON.stringify([...values(size), 'no event']))]]);
  await run(pipeline, store, [[message('no event')]]);
  const rows = await database.connection.run<{ n: string; plans: string }>(
    `select count(*) as n, sum(custom_plans) as plans from pg_prepared_statements where statement like 'with fence%'`,
  );
  expect(rows).toEqual([{ n: '1', plans: '0' }]);
});

test('the plan of a batch of 5,000 holds no loop over its events', async () => {
  const database = place.database({ connections: 1 });
  await database.migrate(pipeline);
  const store = await database.open(pipeline, { worker: 'w' });
  let flush: Flush | undefined;
  await run(pipeline, { ...store, commit: (given) => store.commit((flush = given)) }, [
    [message(JSON.stringify(values(5_000)))],
  ]);
  const context = { instance: 'w', lifeMs: 1, horizon: store.horizon(), bound: 0 };
  const literals = flushParameters(pipeline, flush as Flush, context).map((value) =>
    value === null ? 'null' : `'${value.replaceAll("'", "''")}'`,
  );
  await database.connection.script(`prepare flush as ${flushStatement(pipeline)}`);
  const plan = await database.connection.run<{ 'QUERY PLAN': string }>(
    `explain (analyze, timing off, summary off) execute flush (${literals.join(', ')})`,
  );
  const lines = plan.map((row) => row['QUERY PLAN']);
  // Loops stand around the fence's one row only: whatever runs inside them runs once.
  const repeated = lines.filter((line) => Number(/loops=(\d+)/.exec(line)?.[1] ?? 1) > 1);
  expect(repeated).toEqual([]);
  expect(lines.filter((line) => /external|Disk/.test(line))).toEqual([]);
  expect(lines.some((line) => line.includes('JIT'))).toBe(false);
  expect(lines.some((line) => /Hash Join|Merge Join/.test(line))).toBe(true);
});

test('a flush locks in one order: events, window tables as declared, rejects, progress; each by its key', async () => {
  const store = await place.open(banking);
  await place.query(`
    create sequence step; create table trail (step bigint default nextval('step'), name text, key text);
    create function leave_trail() returns trigger language plpgsql as $$ begin
      insert into trail (name, key) values (tg_table_name, new::text); return new; end $$;
    create trigger t before insert on balances for each row execute function leave_trail();
    create trigger t before insert on till for each row execute function leave_trail();
    create trigger t before insert on scalestream.rejects for each row execute function leave_trail();
    create trigger t before update on scalestream.workers for each row execute function leave_trail();
    create trigger t before insert on payments for each row execute function leave_trail();`);
  const mixed = [5, 3, 9, 1, 7].map((n) =>
    payment(n, { account: `account ${9 - n}`, cash: true, at: `2026-01-01T0${n % 4}:00:00Z` }),
  );
  await run(banking, store, [[message(JSON.stringify([...mixed, 2, 1]))]]);
  const trail = await place.query<{ name: string; key: string }>(
    `select regexp_replace(name, '_\\d{8}$', '') as name, key from trail order by step`,
  );
  expect(trail.map(({ name }) => name).filter((name, i, all) => name !== all[i - 1])).toEqual([
    'payments',
    'balances',
    'till',
    'rejects',
    'workers',
  ]);
  for (const table of ['payments', 'balances', 'till']) {
    const keys = trail.filter(({ name }) => name === table).map(({ key }) => key);
    expect(keys.length).toBeGreaterThan(1);
    expect(keys).toEqual(keys.toSorted());
  }
});

test('four workers whose batches overlap in every order never deadlock', async () => {
  const stores = await Promise.all(['a', 'b', 'c', 'd'].map((worker) => place.open(pipeline, worker)));
  const all = values(300);
  const failures: unknown[] = [];
  await Promise.all(
    stores.map(async (store, worker) => {
      const watched = {
        ...store,
        commit: (flush: Flush) =>
          store.commit(flush).catch((error: unknown) => {
            failures.push(error);
            throw error;
          }),
      };
      for (let round = 0; round < 12; round++)
        await run(pipeline, watched, [[message(JSON.stringify(shuffled(all, worker * 100 + round).slice(0, 200)))]]);
    }),
  );
  // A deadlock would be a failed commit.
  expect(failures).toEqual([]);
});
