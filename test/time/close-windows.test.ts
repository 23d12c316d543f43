import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { closeWindows } from '../../src/sinks/postgres/close-windows.ts';
import type { Connection } from '../../src/sinks/postgres/connect.ts';
import { type Order, order } from '../support/orders.ts';
import { DEAR } from './timed-orders.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

/** Into both tables: `trade` by product, and `pace`. */
const dear = (id: string, product = 'mug', at = 0): Order => order(id, { product, at, cents: DEAR });

let timed: TimedPlace;
let worker: Store;
beforeEach(async () => {
  timed = await timedPlace();
  worker = await timed.open('worker');
});
afterEach(() => timed.place.close());

/** A process whose statements wait for a lock no longer than 0.6 s. */
const hurried = () => timed.place.database({ statementMs: 1_000 });
const tickOf = (connection: Connection) => closeWindows(connection, timed.pipeline);
const states = async (table: string) =>
  (await timed.place.query<{ state: string }>(`select state from ${table}_windows order by window_start`)).map(
    ({ state }) => state,
  );

describe('a statement that fails', () => {
  test("keeps no other table from being finalised and announced; its error is the tick's in the end", async () => {
    await timed.deliver(worker, dear('a'));
    await timed.passes(16_000);
    const release = await timed.hold('select from trade for update');
    const tick = tickOf(hurried().connection);
    await expect(tick()).rejects.toMatchObject({ code: '55P03' });
    expect([await states('trade'), await states('pace')]).toEqual([['open'], ['final']]);
    await release();
    expect(await tick()).toEqual({ final: 1, revised: 0 });

    await timed.deliver(worker, dear('b'));
    const releaseRevised = await timed.hold(`select from scalestream.revised where window_table = 'trade' for update`);
    await expect(tick()).rejects.toMatchObject({ code: '55P03' });
    const announced = `select window_table from scalestream.revised where revision = announced`;
    expect(await timed.place.query(announced)).toEqual([{ window_table: 'pace' }]);
    await releaseRevised();
    expect(await tick()).toEqual({ final: 0, revised: 1 });
  });

  test('ends the tick where the database is gone, or another version in force', async () => {
    const { connection } = hurried();
    let asked = 0;
    const run = () => {
      asked++;
      return Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
    };
    await expect(tickOf({ ...connection, run })()).rejects.toThrow('gone');
    expect(asked).toBe(1);
    await timed.place.query(`update scalestream.pipelines set version = 'another'`);
    await expect(tickOf(connection)()).rejects.toMatchObject({ failure: 'fenced' });
  });
});

describe('how much one tick does', () => {
  /** So many windows of `trade` are due; `trade` is asked first. */
  const windows = async (count: number) => {
    await timed.place.query(
      `insert into trade (window_start, product, orders, cents, mean_sum, mean_count) select to_timestamp(0), n::text, 1, 1, 1, 1 from generate_series(1, ${count}) n`,
    );
    await timed.passes(16_000);
  };

  /** What the statements of `trade` were asked to do at most, in turn; `made` stands in for the database where it says something. */
  function watched(made: (limit: number) => Promise<object[]> | undefined): [Connection, number[]] {
    const { connection } = hurried();
    const limits: number[] = [];
    const run = (statement: string, parameters: readonly (string | null)[] = []) => {
      const asked = statement.includes('update "trade"') ? Number(parameters[0]) : undefined;
      if (asked !== undefined) limits.push(asked);
      return (asked === undefined ? undefined : made(asked)) ?? connection.run(statement, parameters);
    };
    return [{ ...connection, run: run as Connection['run'] }, limits];
  }

  test('statements that are too slow do less, and more again once they are in time', async () => {
    await windows(9_000);
    const slow = Object.assign(new Error('canceling statement'), { code: '57014' });
    let times = 2;
    const [connection, limits] = watched(() => (times-- > 0 ? Promise.reject(slow) : undefined));
    const tick = tickOf(connection);
    let { final, more } = await tick();
    while (more) {
      const next = await tick();
      [final, more] = [final + next.final, next.more];
    }
    expect(final).toBe(9_000);
    expect(limits).toEqual([5_000, 2_500, 1_250, 2_500, 5_000, 5_000]);
  });

  test('windows that never end are left to the next tick, and every table has its turn', async () => {
    await timed.deliver(worker, dear('a'));
    await timed.passes(16_000);
    const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
    const [connection, limits] = watched(async (limit) => {
      await pause();
      return [{ n: limit, fenced: 1 }];
    });
    const began = performance.now();
    const closed = await tickOf(connection)();
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(closed).toEqual({ final: limits.length * 5_000 + 1, revised: 0, more: true });
    expect(await states('pace')).toEqual(['final']);
  });
});

describe('what is known of revisions', () => {
  const longAgo = () =>
    timed.place.query(`update scalestream.revised set revised_at = revised_at - interval '2 hours'`);
  const known = async () =>
    (await timed.place.query<{ name: string }>(`select window_table as name from scalestream.revised order by 1`)).map(
      ({ name }) => name,
    );
  const revise = async () => {
    await timed.deliver(worker, dear('a'));
    await timed.passes(16_000);
    await worker.time.tick();
    await timed.deliver(worker, dear('b'));
  };

  test('is forgotten an hour after it was announced, once a minute', async () => {
    await revise();
    const tick = tickOf(hurried().connection);
    expect(await tick()).toEqual({ final: 0, revised: 2 });
    expect(await known()).toEqual(['pace', 'trade']);
    await longAgo();
    await tick();
    expect(await known()).toEqual(['pace', 'trade']);
    await tickOf(hurried().connection)();
    expect(await known()).toEqual([]);
  });

  test('is forgotten as well where its table is retired or declared no more, and only there if it was not announced', async () => {
    await revise();
    await timed.place.query(`
      insert into scalestream.revised (pipeline, window_table, window_start, key, revision)
      select pipeline, name, now(), '{}', 2 from (values ('orders', 'retired'), ('orders', 'unknown'), ('others', 'unknown')) as rows (pipeline, name);
      insert into scalestream.tables (name, pipeline, shape, retired_at) values ('retired', 'orders', '{}', now())`);
    await tickOf(hurried().connection)();
    expect(await known()).toEqual(['pace', 'retired', 'trade', 'unknown', 'unknown']);
    await timed.place.query(`update scalestream.revised set announced = 0 where window_table = 'pace'`);
    await longAgo();
    // What is to be announced of `pace` is held, so that it stays as it is.
    const release = await timed.hold(`select from scalestream.revised where window_table = 'pace' for update`);
    await expect(tickOf(hurried().connection)()).rejects.toMatchObject({ code: '55P03' });
    await release();
    expect(await known()).toEqual(['pace', 'unknown']);
  });

  test('is forgotten in parts, by an index; that it fails does not concern the tick', async () => {
    await timed.place.query(`
      insert into scalestream.revised (pipeline, window_table, window_start, key, revision, announced, revised_at)
      select 'orders', 'trade', to_timestamp(n), '{}', 1, 1, now() - interval '2 hours' from generate_series(1, 12000) n;
      analyze scalestream.revised`);
    const { connection } = hurried();
    const forgotten: string[] = [];
    const run = async (statement: string, parameters?: readonly (string | null)[]) => {
      if (!statement.includes('delete from scalestream.revised')) return connection.run(statement, parameters);
      const plan = await connection.run<{ 'QUERY PLAN': string }>(`explain (costs off) ${statement}`, parameters);
      const rows = await connection.run<{ n: number }>(statement, parameters);
      const index = /(?:using|on) "(revised\$\w+)/.exec(plan.map((row) => row['QUERY PLAN']).join(' '))?.[1];
      forgotten.push(`${rows[0]?.n} by ${index}`);
      return rows;
    };
    await tickOf({ ...connection, run: run as Connection['run'] })();
    expect(forgotten).toEqual([
      '5000 by revised$announced',
      '5000 by revised$announced',
      '2000 by revised$announced',
      '0 by revised$due',
    ]);
    const failing = (statement: string, parameters?: readonly (string | null)[]) =>
      statement.includes('delete from scalestream.revised')
        ? Promise.reject(new Error('no'))
        : connection.run(statement, parameters);
    expect(await tickOf({ ...connection, run: failing as Connection['run'] })()).toEqual({ final: 0, revised: 0 });
  });

  test('gets its indexes anew where they are from before, however often it is migrated', async () => {
    await timed.place.query(`
      drop index scalestream."revised$due", scalestream."revised$announced";
      create index "revised$pending" on scalestream.revised (pipeline, window_table, window_start) where revision > announced`);
    for (let times = 0; times < 2; times++) {
      await timed.place.query(`update scalestream.pipelines set layout = ''`);
      await timed.place.database().migrate(timed.pipeline);
      const indexes = await timed.place.query(
        `select indexname as name from pg_indexes where schemaname = 'scalestream' and tablename = 'revised' order by 1`,
      );
      expect(indexes).toEqual(['revised$announced', 'revised$due', 'revised_pkey'].map((name) => ({ name })));
    }
  });
});
