import { expect, onTestFinished, test } from 'vitest';
import { count, exactDistinct, session, sum } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, fact, measured } from '../measures/facts.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

/** Rows read since the statistics began, by table: by reading all of it, and through indexes. */
const READ = `select t.relname as table, t.seq_scan::int as whole, sum(i.idx_tup_read)::int as rows
  from pg_stat_user_tables t join pg_stat_user_indexes i using (relid) where t.relname like 'measured%' group by 1, 2 order by 1`;

test('neither a flush nor a tick reads more of a large session table than what it changes, also before the table was ever analysed', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const measures = { facts: count(), total: sum<Fact>((e) => e.value), users: exactDistinct<Fact>((e) => e.user) };
  const { graph } = measured(measures, session({ gap: '5s' }));
  const database = place.database({ connections: 1 });
  await database.migrate(graph);
  const store = await database.open(graph, { worker: 'a' });
  await place.query('alter table measured set (autovacuum_enabled = off)');
  const read = async () => {
    await database.connection.run('select pg_stat_force_next_flush()');
    return place.query<{ table: string; whole: number; rows: number }>(READ);
  };
  // A flush before there is anything: its plan is kept for as long as the connection lives.
  await run(graph, store, [together([fact('first')])]);
  await place.query(`
    insert into measured (window_start, window_end, page, facts, total, final_revision)
    select t, t + interval '5 seconds', p, 1, 0, 1
    from generate_series(timestamptz '2025-01-01', '2025-01-11', interval '1 minute') t, (values ('home'), ('cart')) pages (p)`);
  const before = await read();

  await run(graph, store, [
    together(Array.from({ length: 50 }, (_, n) => fact(n, { at: n * 6_000, user: `user ${n}` }))),
  ]);
  await place.query(`update scalestream.watermarks set watermark = '2026-02-01'`);
  expect(await store.time.tick()).toEqual({ final: 50, revised: 0 });

  const after = await read();
  expect(after.map(({ table, whole }) => ({ table, whole }))).toEqual(
    before.map(({ table, whole }) => ({ table, whole })),
  );
  for (const [i, { table, rows }] of after.entries()) expect(rows - (before[i]?.rows ?? 0), table).toBeLessThan(1_000);
});
