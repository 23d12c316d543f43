import { expect, test } from 'vitest';
import { toTable, whenFinal } from '../../src/index.ts';
import { announceStatement, finaliseStatement } from '../../src/sinks/postgres/close-statements.ts';
import { trade } from '../support/orders.ts';
import { inWindow, type Stage, stageOf, withFinals } from './stage.ts';

const into = whenFinal(trade, toTable('trade_final'));

/** Each order is a flush of its own, so a row is right where it holds as many orders as its revision says. */
const FINALS = 'select revision::int, orders::int from trade_final order by revision';
const right = (...revisions: number[]) => revisions.map((n) => ({ revision: n, orders: n }));

const opened = async (): Promise<Stage & { finalise: string; announce: string }> => {
  const stage = await stageOf(into);
  await stage.deliver(inWindow(0, '1'));
  await stage.pass();
  return {
    ...stage,
    finalise: finaliseStatement(stage.pipeline, trade, '10'),
    announce: announceStatement(stage.pipeline, trade, '10'),
  };
};

/** Holds up a flush when it has done everything but its last part: it merged, it holds its locks, and is not committed. */
async function holdingUp(stage: Stage, id: string) {
  const blocker = stage.place.session();
  await blocker('begin; select from scalestream.workers for update');
  const flushed = stage.deliver(inWindow(0, id));
  await stage.place.waiting(1);
  return { release: () => blocker('rollback'), flushed };
}

test('two finalisers at once: the second waits for the first, and finds nothing to do', async () => {
  const stage = await opened();
  const first = stage.place.session();
  await first(`begin; ${stage.finalise}`);
  const second = stage.store.time.tick();
  await stage.place.waiting(1);
  await first('commit');
  expect(await second).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1));
});

test('a finaliser whose connection dies has done nothing; the one that waited for it does it all', async () => {
  const stage = await opened();
  const first = stage.place.session();
  const [{ pid } = { pid: 0 }] = (await first('select pg_backend_pid() as pid')) as { pid: number }[];
  await first(`begin; ${stage.finalise}`);
  const second = stage.store.time.tick();
  await stage.place.waiting(1);
  await stage.place.query(`select pg_terminate_backend(${pid})`);
  expect(await second).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1));
});

test('a tick that is cut off and repeated delivers once: nobody knows what became of it, and nobody needs to', async () => {
  const stage = await opened();
  const blocker = stage.place.session();
  await blocker('begin; select from trade for update');
  // Looked at from the beginning: it may be cut off before the answer to the query below is here.
  const cut = expect(stage.store.time.tick()).rejects.toMatchObject({ failure: 'retry' });
  await stage.place.waiting(1);
  await stage.place.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  await cut;
  await blocker('rollback');
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1));
});

test('a tick that takes longer than a statement may goes on with half as many windows', async () => {
  const stage = await opened();
  const blocker = stage.place.session();
  await blocker('begin; select from trade for update');
  const ticked = stage.store.time.tick();
  const waiting = `from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  for (let times = 0; times < 2; times++) {
    await stage.place.waiting(1);
    await stage.place.query(`select pg_cancel_backend(pid) ${waiting}`);
  }
  await blocker('rollback');
  expect(await ticked).toEqual({ final: 1, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1));
});

test('a migration waits for a finaliser under way, and holds nothing that it still needs', async () => {
  const stage = await opened();
  const finaliser = stage.place.session();
  await finaliser('begin; select from scalestream.pipelines for share');
  const migrated = stage.place.database().migrate(withFinals());
  await stage.place.waiting(1);
  await finaliser(`set local lock_timeout = '100ms'; ${stage.finalise}`);
  await finaliser('lock table scalestream.outbox, scalestream.revised, scalestream.workers in row exclusive mode');
  await finaliser('commit');
  await migrated;
  expect(await stage.rows(FINALS)).toEqual(right(1));
});

test('a flush before the finaliser: what it merged is in what becomes final', async () => {
  const stage = await opened();
  const { release, flushed } = await holdingUp(stage, '2');
  const ticked = stage.store.time.tick();
  await stage.place.waiting(2);
  await release();
  await flushed;
  expect(await ticked).toEqual({ final: 1, revised: 0 });
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(2));
});

test('the finaliser before a flush: what that merges is a revision', async () => {
  const stage = await opened();
  const finaliser = stage.place.session();
  await finaliser(`begin; ${stage.finalise}`);
  const flushed = stage.deliver(inWindow(0, '2'));
  await stage.place.waiting(1);
  await finaliser('commit');
  await flushed;
  expect(await stage.rows(FINALS)).toEqual(right(1));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.rows(FINALS)).toEqual(right(1, 2));
});

test('a revision that comes while one is announced is announced next time', async () => {
  const stage = await opened();
  await stage.store.time.tick();
  await stage.deliver(inWindow(0, '2'));
  const announcer = stage.place.session();
  await announcer(`begin; ${stage.announce}`);
  const flushed = stage.deliver(inWindow(0, '3'));
  await stage.place.waiting(1);
  await announcer('commit');
  await flushed;
  expect(await stage.rows(FINALS)).toEqual(right(1, 2));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.rows(FINALS)).toEqual(right(1, 2, 3));
});

test('an announcer that waits for a flush announces what that made of the window, and no less', async () => {
  const stage = await opened();
  await stage.store.time.tick();
  await stage.deliver(inWindow(0, '2'));
  const { release, flushed } = await holdingUp(stage, '3');
  const ticked = stage.store.time.tick();
  await stage.place.waiting(2);
  await release();
  await flushed;
  expect(await ticked).toEqual({ final: 0, revised: 1 });
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1, 3));
});

test('two announcers at once: one of them announces', async () => {
  const stage = await opened();
  await stage.store.time.tick();
  await stage.deliver(inWindow(0, '2'));
  const first = stage.place.session();
  await first(`begin; ${stage.announce}`);
  const second = stage.store.time.tick();
  await stage.place.waiting(1);
  await first('commit');
  expect(await second).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(FINALS)).toEqual(right(1, 2));
});

test('flushes, finalisers and announcers at once, with connections killed among them: each revision once, right, and the last one there', async () => {
  const stage = await stageOf(into);
  const stores = await Promise.all(Array.from({ length: 3 }, () => stage.open()));
  let over = false;
  let killed = 0;
  const again = async (work: () => Promise<unknown>): Promise<void> => {
    while (!over) await work().catch(() => undefined);
  };
  const ticks = stores.map((store) => again(() => store.time.tick()));
  const kills = again(async () => {
    const victims = await stage.place.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%"$fence"%' and state = 'active' and pid <> pg_backend_pid() and random() < 0.1`);
    killed += victims.length;
  });
  const windows = 12;
  for (let n = 0; n < 240; n++) {
    await stage.deliver(inWindow(n % windows, `${n}`));
    if (n % 20 === 10) await stage.pass(n / 20);
  }
  await stage.pass(windows);
  over = true;
  await Promise.all([...ticks, kills]);
  expect(killed).toBeGreaterThan(0);
  await stage.store.time.tick();
  const [sums] = await stage.rows(`
    select count(*) filter (where f.orders <> f.revision)::int as wrong, count(*) filter (where f.revision < t.final_revision)::int as early,
      count(distinct f.window_start) filter (where f.revision = t.final_revision)::int as final,
      count(distinct f.window_start) filter (where f.revision = t.revision)::int as last, count(*) > ${windows} as revised
    from trade_final f join trade t using (window_start, product)`);
  expect(sums).toEqual({ wrong: 0, early: 0, final: windows, last: windows, revised: true });
});
