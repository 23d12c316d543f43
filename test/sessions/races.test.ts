import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Flush, snapshot, type Store, StoreError, verify } from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { run } from '../support/orders.ts';
import { type LateVisits, lateVisits, type Visit, visit } from './late-visits.ts';

/** Locks what a flush does last. */
const ENDS_OF_FLUSHES = 'select from scalestream.workers for update';

let set: LateVisits;
let [worker, other]: Store[] = [];
let failures: string[];
beforeEach(async () => {
  set = await lateVisits();
  failures = [];
  worker = watched(await set.open());
  other = watched(await set.open());
});
afterEach(() => expect(failures).not.toContain('40P01'));

const watched = (store: Store): Store => ({
  ...store,
  commit: (flush: Flush) =>
    store.commit(flush).catch((error: unknown) => {
      failures.push(error instanceof StoreError ? error.reason : String(error));
      throw error;
    }),
});

const deliver = (store: Store | undefined, ...visits: readonly Visit[]) =>
  run(set.graph, store as Store, [together(visits)]);

async function hold(statement: string): Promise<() => Promise<unknown>> {
  const session = set.place.session();
  await session(`begin; ${statement}`);
  return () => session('commit');
}

/** What the watermark passes, while nobody closes what it passed. */
const passed = (second: number) =>
  set.place.query(
    `update scalestream.watermarks set watermark = greatest(watermark, timestamptz '2026-01-01' + interval '${second + 10} seconds')`,
  );

const isSound = async (): Promise<void> => {
  const { equal } = await snapshot(set.place.url, set.graph, (view) => verify(set.graph, view));
  expect(equal).toBe(true);
};

/** Of one flush and of another: their instants, and the sessions that come of them and of visits at 0 and 12. */
const MEETINGS: readonly {
  readonly before: number[];
  readonly one: number[];
  readonly two: number[];
  readonly ends: number[][];
}[] = [
  { before: [], one: [0], two: [3], ends: [[0, 8]] },
  { before: [], one: [3, 9], two: [6], ends: [[3, 14]] },
  { before: [0, 12], one: [4], two: [8], ends: [[0, 17]] },
  { before: [0, 12], one: [4, 8], two: [2, 6, 16], ends: [[0, 21]] },
  { before: [6], one: [3], two: [1], ends: [[1, 11]] },
];

test.each(MEETINGS.flatMap((each) => [each, { ...each, one: each.two, two: each.one }]))(
  'two flushes at once whose visits join into one session do so: $one, then $two, after $before',
  async ({ before, one, two, ends }) => {
    if (before.length > 0) await deliver(worker, ...before.map((second) => visit(`before ${second}`, second)));
    const release = await hold(ENDS_OF_FLUSHES);
    const first = deliver(worker, ...one.map((second) => visit(`one ${second}`, second)));
    await set.place.waiting(1);
    const second = deliver(other, ...two.map((at) => visit(`two ${at}`, at, { user: 'bert' })));
    await set.place.waiting(2);
    await release();
    await Promise.all([first, second]);
    const visits = before.length + one.length + two.length;
    expect(await set.sessions()).toMatchObject(ends.map(([start, end]) => ({ start, end, visits, users: 2 })));
    await isSound();
  },
);

test('a flush under way when its session becomes final leaves it open: it is final with the next tick, as it is then', async () => {
  await deliver(worker, visit('a', 0));
  await passed(5);
  const release = await hold(ENDS_OF_FLUSHES);
  const flushing = deliver(worker, visit('b', -3));
  await set.place.waiting(1);
  const ticking = (other as Store).time.tick();
  await set.place.waiting(2);
  await release();
  await flushing;
  // The row that was there when the tick began is gone.
  expect(await ticking).toEqual({ final: 0, revised: 0 });
  expect(await (other as Store).time.tick()).toEqual({ final: 1, revised: 0 });
  expect(await set.sessions()).toMatchObject([{ start: -3, end: 5, visits: 2, state: 'final', revision: 1 }]);
});

test.each([
  { name: 'extends', second: 4, sessions: [{ start: 0, end: 9, state: 'revised', revision: 2 }], removed: [] },
  {
    name: 'takes in',
    second: -3,
    sessions: [{ start: -3, end: 5, state: 'final', revision: 1 }],
    removed: [{ revision: '2', visits: '1', users: '1' }],
  },
])(
  'a flush that $name a session that is becoming final waits for that, and consumers hear of it',
  async ({ second, sessions, removed }) => {
    await deliver(worker, visit('a', 0), visit('z', 0, { page: 'zoo' }));
    await passed(5);
    const release = await hold(`select from sessions where page = 'zoo' for update`);
    const ticking = (other as Store).time.tick();
    await set.place.waiting(1);
    const flushing = deliver(worker, visit('b', second, { user: 'bert' }));
    await set.place.waiting(2);
    await release();
    await flushing;
    const { final, revised } = await ticking;
    await passed(20);
    const again = await (worker as Store).time.tick();
    expect([final + again.final, revised + again.revised]).toEqual([2 + removed.length, 1]);
    expect(await set.sessions()).toMatchObject(
      [...sessions, { page: 'zoo', state: 'final' }].sort((a, b) => ('page' in a ? 1 : 'page' in b ? -1 : 0)),
    );
    expect(await set.place.query(`select revision, visits, users from finals where removed`)).toEqual(removed);
    await isSound();
  },
);

test('flushes of many keys, in whatever order, beside two that close sessions all the time: none ends in a deadlock, and all is right', async () => {
  const stores = [worker, other, watched(await set.open())] as Store[];
  const pages = Array.from({ length: 40 }, (_, n) => `page ${n}`);
  let seed = 7;
  const pick = (n: number): number => (seed = (seed * 48_271) % 2_147_483_647) % n;
  let flushing = true;
  const ticks = Array.from({ length: 2 }, async () => {
    const store = await set.open();
    while (flushing) await store.time.tick();
    return store;
  });
  await Promise.all(
    stores.map(async (store, w) => {
      for (let n = 0; n < 25; n++) {
        const visits = Array.from({ length: 60 }, (_, i) =>
          visit(`${w} ${n} ${i}`, pick(120), { page: pages[pick(40)] as string }),
        );
        await deliver(store, ...visits);
        if (n % 5 === 4) await passed(n * 4);
      }
    }),
  );
  flushing = false;
  const [ticker] = await Promise.all(ticks);
  await passed(1_000);
  await ticker?.time.tick();
  // A flush that knew an earlier watermark is made again.
  expect(failures.filter((reason) => reason !== 'horizon')).toEqual([]);
  await isSound();
  // Whoever kept the last of each session that was not removed has what is there.
  const kept = `select distinct on (window_start, page) * from finals order by window_start, page, revision desc`;
  expect(
    await set.place.query(`
      select count(*)::int as differing from (select * from (${kept}) k where not removed) k
      full join sessions_windows w using (window_start, page)
      where (k.window_end, k.visits, k.users, k.most, k.revision) is distinct from (w.window_end, w.visits, w.users, w.most, w.revision)`),
  ).toEqual([{ differing: 0 }]);
  expect(await set.place.query('select count(*) > 0 as some from finals where removed')).toEqual([{ some: true }]);
});
