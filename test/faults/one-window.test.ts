import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  deliverOnce,
  first,
  foldInto,
  hopping,
  json,
  memoryQueue,
  pipeline,
  type Pipeline,
  startWorker,
  sum,
  toTable,
  topK,
  transaction,
  tumbling,
  whenFinal,
  type WindowTable,
  windowTable,
  type Window,
} from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { type Fact, fact, facts, START } from '../measures/facts.ts';
import { atOnce, run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
});
afterEach(() => place.close());

/** The watermark passes all that ends so many milliseconds after the start, with the lateness. */
const reach = (ms: number) =>
  place.query(
    `update scalestream.watermarks set watermark = greatest(watermark, to_timestamp(${(START + ms + 120_000) / 1_000}))`,
  );
type Declared = Parameters<typeof pipeline>[1];
const piped = (low: WindowTable<Fact>, ...more: Declared): Pipeline =>
  pipeline('p', [facts, low, ...more], ({ messages, store }) =>
    messages.pipe(
      decode(json(facts)),
      transaction(store, { once: facts, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(low))),
      acknowledge(),
    ),
  );

const perUser = (window: Window<unknown> = tumbling('10s')) =>
  windowTable('low', facts, {
    window,
    key: { user: (e) => e.user as string },
    measures: { page: first((e) => e.page), n: count(), total: sum((e) => e.value) },
  });

/** As if a value of that row were out of range, or took for ever. */
const refuse = (table: string, body = `raise exception 'out of range' using errcode = '22003'`) =>
  place.query(`
    create function refuse() returns trigger language plpgsql as $$ begin if new."user" = 'bert' then ${body}; end if; return new; end $$;
    create trigger refuse before insert or update on ${table} for each row execute function refuse()`);
const allow = (table: string) => place.query(`drop trigger refuse on ${table}`);

const three = [fact(1), fact(2, { user: 'bert' }), fact(3, { user: 'carl' })];

test('a window whose key over windows no index holds waits in the outbox with the reason; its siblings are taken', async () => {
  const low = perUser();
  const part = (i: number) => (w: { measures: { page: string | null } }) =>
    (w.measures.page ?? '').slice(i * 950, (i + 1) * 950);
  const over = windowTable('up', low, {
    window: tumbling('1m'),
    key: { a: part(0), b: part(1), c: part(2) },
    measures: { n: count() },
  });
  const declared = piped(low, over);
  const store = await place.open(declared);
  await run(declared, store, [together([fact(1, { page: 'x'.repeat(2_850) }), ...three.slice(1)])]);
  await reach(10_000_000);
  await store.time.tick();
  expect(await deliverOnce(declared, store.time.outbox)).toEqual({ delivered: 2, skipped: 0, failed: 1 });
  expect(await place.query('select n::int from up')).toEqual([{ n: 2 }]);
  expect(await place.query('select error from scalestream.outbox')).toEqual([
    { error: expect.stringContaining(`key 'a', 'b', 'c': expected at most 2000 bytes in all; got 2850`) },
  ]);
});

test('a window that the store refuses to take stops no worker, and keeps none of its siblings', async () => {
  const low = perUser();
  const over = windowTable('up', low, {
    window: tumbling('1m'),
    key: { user: (w) => w.key.user },
    measures: { n: count() },
  });
  const declared = piped(low, over);
  const store = await place.open(declared);
  await refuse('up');
  await run(declared, store, [together([...three, fact(4, { user: 'dora' }), fact(5, { user: 'emil' })])]);
  await reach(10_000_000);
  await store.time.tick();
  const worker = startWorker(declared, { source: memoryQueue([]), store: await place.open(declared, 'w') });
  const outcome = worker.done.then(
    () => 'done',
    (error: unknown) => `died: ${String(error)}`,
  );
  await expect
    .poll(() => place.query('select attempts > 0 as tried, error from scalestream.outbox'), { timeout: 20_000 })
    .toEqual([{ tried: true, error: expect.stringContaining('out of range [22003]') }]);
  expect((await place.query<{ user: string }>('select "user" from up order by 1')).map(({ user }) => user)).toEqual([
    'anna',
    'carl',
    'dora',
    'emil',
  ]);
  await worker.stop(1_000);
  expect(await outcome).toBe('done');
  await allow('up');
  await place.query('update scalestream.outbox set next_at = now()');
  expect(await deliverOnce(declared, store.time.outbox)).toEqual({ delivered: 1, skipped: 0, failed: 0 });
});

test.each([
  ['refused', `raise exception 'out of range' using errcode = '22003'`, 'event'],
  ['that takes too long', 'perform pg_sleep(30)', 'slow'],
])(
  'a window %s when it is closed is passed over: the others of its table are closed and announced',
  async (_, body, failure) => {
    const low = perUser();
    const declared = piped(low, whenFinal(low, toTable('low_final')));
    await place.open(declared);
    const own = place.database({ statementMs: 250 });
    const store = await own.open(declared, { worker: 'w' });
    await refuse('low_final', body);
    await run(declared, store, [together([...three, fact(4, { at: 10_000 }), fact(5, { at: 10_000, user: 'bert' })])]);
    await reach(25_000);
    const states = async () =>
      (
        await place.query<{ text: string }>(
          `select "user" || ' ' || state as text from low_windows order by window_start, "user"`,
        )
      ).map(({ text }) => text);
    const passed = ['anna final', 'bert open', 'carl final', 'anna final', 'bert open'];
    /** One that is slow takes a tick's time. */
    async function failing(): Promise<void> {
      for (let n = 0; n < 10; n++) {
        const told = await store.time.tick().then(
          () => undefined,
          (error: unknown) => error,
        );
        if (told !== undefined) {
          expect(told).toMatchObject({ failure });
          if (JSON.stringify(await states()) === JSON.stringify(passed)) return;
        }
      }
    }
    await failing();
    expect(await states()).toEqual(passed);
    await failing();
    await allow('low_final');
    for (let n = 0; n < 5; n++) await store.time.tick().catch(() => undefined);
    expect((await states()).filter((state) => state.endsWith('open'))).toEqual([]);

    await place.query('drop function refuse');
    await refuse('low_final', body);
    await run(declared, store, [together([fact(6), fact(7, { user: 'bert' }), fact(8, { user: 'carl' })])]);
    const announced = () =>
      place.query('select count(*)::int as n from scalestream.revised where revision = announced');
    for (let n = 0; n < 10 && (await announced())[0]?.['n'] !== 2; n++) await store.time.tick().catch(() => undefined);
    expect(await announced()).toEqual([{ n: 2 }]);
  },
  60_000,
);

test('a key refused when hops are closed is passed over with all of its windows; the others are closed', async () => {
  const low = perUser(hopping({ size: '30s', every: '10s' }));
  const declared = piped(low, whenFinal(low, toTable('low_final')));
  const store = await place.open(declared);
  await refuse('low_final');
  await run(declared, store, [together([...three, fact(4, { at: 10_000 }), fact(5, { at: 10_000, user: 'bert' })])]);
  await reach(100_000);
  for (let n = 0; n < 2; n++) await expect(store.time.tick()).rejects.toMatchObject({ failure: 'event' });
  const finals = async () =>
    (
      await place.query<{ text: string }>(
        `select "user" || ' ' || count(*) as text from low_final group by "user" order by 1`,
      )
    ).map(({ text }) => text);
  expect(await finals()).toEqual(['anna 4', 'carl 3']);
  await allow('low_final');
  await store.time.tick();
  expect(await finals()).toEqual(['anna 4', 'bert 4', 'carl 3']);
});

test('a number of very many digits is a reject; the events after it count', async () => {
  const low = perUser();
  const declared = piped(low);
  const store = await place.open(declared);
  expect(await run(declared, store, [together([fact(1, { value: '9'.repeat(131_072) }), fact(2)])])).toMatchObject({
    committed: 1,
    rejected: 1,
  });
  expect(await run(declared, store, [together([fact(3, { value: '9'.repeat(1_000) }), fact(4)])])).toMatchObject({
    committed: 2,
    rejected: 0,
  });
  const [reject] = await place.rejects();
  expect(reject?.reason).toBe('unfoldable');
  expect(reject?.detail).toContain('decimal text of at most 1000 digits; got');
  expect(reject?.detail.length).toBeLessThan(500);
});

test('an item and its key together are held to what an index holds', async () => {
  const low = windowTable('low', facts, {
    window: tumbling('10s'),
    key: { a: (e) => e.page.slice(0, 900), b: (e) => e.page.slice(900, 1_500) },
    measures: { top: topK((e) => e.step, { k: 3 }) },
  });
  const declared = piped(low);
  const store = await place.open(declared);
  const page = 'x'.repeat(1_500);
  const values = [fact(1, { page, step: 'y'.repeat(501) }), fact(2, { page, step: 'y'.repeat(500) }), fact(3)];
  expect(await run(declared, store, [together(values)])).toMatchObject({ committed: 2, rejected: 1 });
  expect(await place.rejects()).toMatchObject([
    { reason: 'unfoldable', detail: expect.stringContaining('expected at most 2000 bytes in all; got 2001') },
  ]);
});
