import { expect, test } from 'vitest';
import { type FinalWindow, StoreError, whenFinal, type WhenFinalOptions } from '../../src/index.ts';
import type { FinalSink } from '../../src/final-sink.ts';
import type { Outbox } from '../../src/outbox.ts';
import { deliveries, deliverOnce } from '../../src/runtime/deliver.ts';
import { virtualClock } from '../../src/testing/index.ts';
import type { SinkBranch } from '../../src/when-final.ts';
import { trade } from '../support/orders.ts';
import { collecting, nowhere } from './nowhere.ts';
import { inWindow, type Stage, stageOf } from './stage.ts';

const OUTBOX = `select branch, split_part(delivery, '/', 4)::int as revision, attempts, error, body #>> '{key,product}' as product
  from scalestream.outbox order by branch, seq`;

const to = (sink: FinalSink, options: Partial<WhenFinalOptions<string, string>> = {}) =>
  whenFinal(trade, sink, { name: 'test', ...options }) as SinkBranch;

/** Windows of these products are final, each in a row of the outbox for each branch. */
async function final(
  products: readonly string[],
  ...branches: readonly SinkBranch[]
): Promise<Stage & { outbox: Outbox }> {
  const stage = await stageOf(...branches);
  await stage.deliver(...products.map((product) => inWindow(0, product, { product })));
  await stage.pass();
  await stage.store.time.tick();
  return { ...stage, outbox: stage.store.time.outbox };
}

/** What waits for another try is due now, and leases have ended. */
const hurry = (stage: Stage) => stage.place.query(`update scalestream.outbox set next_at = now()`);

const run = ({ pipeline, outbox }: { pipeline: Stage['pipeline']; outbox: Outbox }) => deliverOnce(pipeline, outbox);

test('each window goes to each branch, and leaves the outbox when it arrived', async () => {
  const [one, two] = [collecting(), collecting({ most: 1 })];
  const stage = await final(['mug', 'pot', 'tea'], to(one.sink, { name: 'one' }), to(two.sink, { name: 'two' }));
  expect(await stage.rows(OUTBOX)).toHaveLength(6);
  expect(await run(stage)).toEqual({ delivered: 6, skipped: 0, failed: 0 });
  expect(await stage.rows(OUTBOX)).toEqual([]);
  for (const { got } of [one, two])
    expect(new Set(got.map(({ body }) => (JSON.parse(body) as FinalWindow).key['product']))).toEqual(
      new Set(['mug', 'pot', 'tea']),
    );
  expect(await run(stage)).toEqual({ delivered: 0, skipped: 0, failed: 0 });
});

test('a revision follows as a delivery of its own, with what the window held then', async () => {
  const { sink, got } = collecting();
  const stage = await final(
    ['tea'],
    to(sink, { body: ({ revision, revised, measures }) => [revision, revised, measures['orders']] }),
  );
  await stage.deliver(inWindow(0, 'more'));
  await stage.deliver(inWindow(0, 'and more'));
  await stage.store.time.tick();
  await run(stage);
  expect(got.map(({ body }) => body)).toEqual(['[1,false,"1"]', '[3,true,"3"]']);
  expect(new Set(got.map(({ line }) => line)).size).toBe(1);
  expect(got.map(({ delivery }) => delivery.replace(/[0-9a-f]{32}/, 'LINE'))).toEqual([
    'trade/2026-01-01T00:00:00.000Z/LINE/1',
    'trade/2026-01-01T00:00:00.000Z/LINE/3',
  ]);
});

test('what `when` refuses is done without being sent; what `body` makes is sent, text as it is', async () => {
  const { sink, got } = collecting();
  const when = ({ key }: FinalWindow) => key['product'] !== 'pot';
  const stage = await final(['mug', 'pot'], to(sink, { when, body: ({ key }) => `<${key['product']}>` }));
  expect(await run(stage)).toEqual({ delivered: 1, skipped: 1, failed: 0 });
  expect(got.map(({ body }) => body)).toEqual(['<mug>']);
  expect(await stage.rows(OUTBOX)).toEqual([]);
});

test('characters that SQS refuses are escaped in JSON', async () => {
  const { sink, got } = collecting();
  const stage = await final(['\uFFFE\uFFFF\u0001'], to(sink, { body: ({ key }) => key }));
  await run(stage);
  expect(got.map(({ body }) => body)).toEqual(['{"product":"\\ufffe\\uffff\\u0001"}']);
});

test('a `when` or `body` that throws, or gives what cannot be sent, keeps its window with the error; others go on', async () => {
  const { sink, got } = collecting({ most: 2 });
  const bodies: Record<string, () => unknown> = {
    a: () => {
      throw new Error('no\0 price');
    },
    b: async () => 'later',
    c: () => undefined,
    e: () => ({ big: 1n }),
  };
  let mended = false;
  const body = ({ key }: FinalWindow) => (mended ? 'mended' : (bodies[key['product'] ?? ''] ?? (() => 'fine'))());
  const when = ({ key }: FinalWindow) => (key['product'] === 'f' && !mended ? (undefined as unknown as boolean) : true);
  const stage = await final(['a', 'b', 'c', 'd', 'e', 'f', 'g'], to(sink, { when, body }));
  expect(await run(stage)).toEqual({ delivered: 2, skipped: 0, failed: 5 });
  expect((await stage.rows(OUTBOX)).map(({ product, error }) => [product, error])).toEqual([
    ['a', 'no\uFFFD price'],
    ['b', 'body: expected a value; got a promise. Fix: make it synchronous'],
    ['c', 'body: expected text or JSON; got undefined'],
    ['e', 'Do not know how to serialize a BigInt'],
    ['f', 'when: expected true or false; got undefined'],
  ]);
  mended = true;
  await hurry(stage);
  expect(await run(stage)).toEqual({ delivered: 5, skipped: 0, failed: 0 });
  expect(got.map((parcel) => parcel.body)).toEqual(['fine', 'fine', ...Array.from({ length: 5 }, () => 'mended')]);
});

test('what does not arrive stays with the reason and is tried again with the same delivery; what arrived beside it is done', async () => {
  const seen: string[][] = [];
  const sink = nowhere(async (parcels) => {
    seen.push(parcels.map(({ delivery }) => delivery));
    return seen.length === 2 ? new Map([[parcels[0]?.delivery ?? '', 'HTTP 500']]) : new Map();
  });
  const stage = await final(['mug', 'pot', 'tea'], to(sink));
  expect(await run(stage)).toEqual({ delivered: 2, skipped: 0, failed: 1 });
  expect(await stage.rows(OUTBOX)).toMatchObject([{ attempts: 1, error: 'HTTP 500' }]);
  expect(await run(stage)).toEqual({ delivered: 0, skipped: 0, failed: 0 });
  await hurry(stage);
  expect(await run(stage)).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  expect(seen.at(-1)).toEqual([seen[1]?.[0]]);
});

test('pauses grow from a second to a quarter of an hour, and end never', async () => {
  const stage = await final(['tea'], to(nowhere(() => Promise.reject(new Error('down')))));
  for (const [attempts, seconds] of [
    [0, 1],
    [1, 2],
    [9, 512],
    [10, 900],
    [2_000_000, 900],
  ] as const) {
    await stage.place.query(`update scalestream.outbox set next_at = now(), attempts = ${attempts}`);
    expect(await run(stage)).toEqual({ delivered: 0, skipped: 0, failed: 1 });
    const [row] = await stage.rows(
      `select extract(epoch from next_at - clock_timestamp())::float8 as pause, claim, error from scalestream.outbox`,
    );
    expect(row).toMatchObject({ claim: null, error: 'down' });
    expect(Number(row?.['pause'])).toBeGreaterThan(seconds / 2 - 1);
    expect(Number(row?.['pause'])).toBeLessThanOrEqual(seconds);
  }
});

test('two deliverers share the work: what one has taken the other does not get, until its lease ends', async () => {
  const branch = to(nowhere());
  const stage = await final(['mug', 'pot', 'tea'], branch);
  const first = await stage.outbox.claim(branch, 2, 60_000);
  const second = await stage.outbox.claim(branch, 10, 60_000);
  expect([first.items.length, second.items.length]).toEqual([2, 1]);
  expect((await stage.outbox.claim(branch, 10, 60_000)).items).toEqual([]);
  await hurry(stage);
  expect((await stage.outbox.claim(branch, 10, 60_000)).items).toHaveLength(3);
});

test('a claim does not wait for one under way, and takes what that leaves', async () => {
  const branch = to(nowhere());
  const stage = await final(['mug', 'pot', 'tea'], branch);
  const other = stage.place.session();
  await other(`begin; update scalestream.outbox set attempts = 1 where body #>> '{key,product}' = 'mug'`);
  expect((await stage.outbox.claim(branch, 10, 60_000)).items.map(({ window }) => window.key['product'])).toEqual([
    'pot',
    'tea',
  ]);
  await other('rollback');
  expect((await stage.outbox.claim(branch, 10, 60_000)).items.map(({ window }) => window.key['product'])).toEqual([
    'mug',
  ]);
});

test('who was so slow that its lease ended disturbs no other claim with its failure', async () => {
  const branch = to(nowhere());
  const stage = await final(['tea'], branch);
  const slow = await stage.outbox.claim(branch, 1, 60_000);
  await hurry(stage);
  const now = await stage.outbox.claim(branch, 1, 60_000);
  await stage.outbox.failed(branch, slow, [slow.items[0]?.window.delivery ?? ''], 'too slow');
  expect(await stage.rows('select attempts, error, claim from scalestream.outbox')).toEqual([
    { attempts: 2, error: null, claim: now.token },
  ]);
});

test('a deliverer that dies between the send and its mark: the lease ends, and the same delivery is sent again', async () => {
  const { sink, got } = collecting();
  const stage = await final(['tea'], to(sink));
  const lost = new StoreError('retry', 'CONNECTION_CLOSED', 'connection lost');
  const dying = deliveries(stage.pipeline, { ...stage.outbox, done: () => Promise.reject(lost) });
  await expect(dying.run()).rejects.toBe(lost);
  await dying.close();
  await hurry(stage);
  expect(await run(stage)).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  expect(got).toHaveLength(2);
  expect(got[1]).toEqual(got[0]);
});

test('a destination that never answers is given up after 25 s; the lease of a minute has not ended then', async () => {
  const clock = virtualClock();
  const stage = await final(['tea'], to(nowhere(() => new Promise(() => undefined))));
  const warnings: string[] = [];
  const all = deliveries(stage.pipeline, stage.outbox, { clock, warn: (detail) => warnings.push(detail) });
  const running = all.run();
  while (clock.pending === 0) await stage.rows('select 1');
  await clock.advance(25_000);
  expect(await running).toEqual({ delivered: 0, skipped: 0, failed: 1 });
  await all.close();
  expect(await stage.rows(OUTBOX)).toMatchObject([{ attempts: 1, error: 'no answer within 25000 ms' }]);
  expect(warnings).toEqual([
    `whenFinal 'test': a test takes nothing (no answer within 25000 ms). Kept in scalestream.outbox, and tried again`,
  ]);
});

test('a destination that is down gets one delivery a run, and all of them once it took that; it is told when, once each', async () => {
  const sizes: number[] = [];
  let down = true;
  const sink = nowhere(async (parcels) => {
    sizes.push(parcels.length);
    if (down) throw new Error('down');
    return new Map();
  });
  const warnings: string[] = [];
  const stage = await final(['a', 'b', 'c', 'd', 'e'], to(sink));
  const all = deliveries(stage.pipeline, stage.outbox, { warn: (detail) => warnings.push(detail) });
  for (let run = 0; run < 3; run++) expect(await all.run()).toEqual({ delivered: 0, skipped: 0, failed: 1 });
  down = false;
  expect(await all.run()).toEqual({ delivered: 5, skipped: 0, failed: 0 });
  await all.close();
  expect(sizes).toEqual([1, 1, 1, 1, 4]);
  expect(warnings).toEqual([
    `whenFinal 'test': a test takes nothing (down). Kept in scalestream.outbox, and tried again`,
    `whenFinal 'test': a test takes windows again`,
  ]);
});

test('once a destination takes again, what failed only while it took nothing is due at once; what fails by itself keeps its pause', async () => {
  let down = true;
  const sink = nowhere(async () => {
    if (down) throw new Error('down');
    return new Map();
  });
  const stage = await final(['a', 'b', 'c', 'd'], to(sink));
  const clock = virtualClock();
  const all = deliveries(stage.pipeline, stage.outbox, { clock });
  await all.run();
  // The pauses before its 6th attempt took 15.5 s at least, those before a 7th 31.5 s.
  await stage.place.query(`update scalestream.outbox set error = 'down', next_at = now() + interval '10 minutes',
    attempts = case body #>> '{key,product}' when 'a' then 6 when 'b' then 7 else 1 end where body #>> '{key,product}' <> 'd'`);
  await clock.advance(16_000);
  down = false;
  expect(await all.run()).toEqual({ delivered: 3, skipped: 0, failed: 0 });
  await all.close();
  expect(await stage.rows(OUTBOX)).toMatchObject([{ product: 'b', attempts: 7, error: 'down' }]);
});

test('a destination that cannot be opened, or is down, holds up no other', async () => {
  const { sink, got } = collecting();
  const shut = nowhere(undefined, { open: () => Promise.reject(new Error('no such queue\nSECRET')) });
  const stage = await final(['mug', 'tea'], to(shut, { name: 'shut' }), to(sink, { name: 'well' }));
  expect(await run(stage)).toEqual({ delivered: 2, skipped: 0, failed: 1 });
  expect(got).toHaveLength(2);
  expect(await stage.rows(OUTBOX)).toMatchObject([
    { branch: 'shut', error: 'no such queue' },
    { branch: 'shut', error: null },
  ]);
});

test('an ordered sink gets the next of a line when the one before has arrived; other lines do not wait', async () => {
  const got: string[] = [];
  let refuses = true;
  const sink = nowhere(
    async (parcels) => {
      got.push(...parcels.map(({ body }) => body));
      return new Map(
        parcels.filter(({ body }) => refuses && body === 'tea 1').map(({ delivery }) => [delivery, 'not now']),
      );
    },
    { ordered: true },
  );
  const stage = await final(['mug', 'tea'], to(sink, { body: ({ key, revision }) => `${key['product']} ${revision}` }));
  for (const [i, product] of ['mug', 'tea'].entries()) await stage.deliver(inWindow(0, `more ${i}`, { product }));
  await stage.store.time.tick();
  expect(await run(stage)).toEqual({ delivered: 2, skipped: 0, failed: 1 });
  expect(got).toEqual(['mug 1', 'tea 1', 'mug 2']);
  refuses = false;
  await hurry(stage);
  expect(await run(stage)).toEqual({ delivered: 2, skipped: 0, failed: 0 });
  expect(got.slice(3)).toEqual(['tea 1', 'tea 2']);
});

test('closing takes nothing more and waits for what is under way', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<ReadonlyMap<string, string>>();
  let sends = 0;
  const { promise: sending, resolve: sent } = Promise.withResolvers<void>();
  const sink = nowhere(
    () => {
      sends++;
      sent();
      return answer;
    },
    { most: 1 },
  );
  const stage = await final(['mug', 'tea'], to(sink));
  const all = deliveries(stage.pipeline, stage.outbox);
  const running = all.run();
  await sending;
  const closed = all.close();
  resolve(new Map());
  await closed;
  expect(await running).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  expect(sends).toBe(1);
});

test('who delivers once begins with nothing more when a minute is over, and waits for what is under way then', async () => {
  const clock = virtualClock();
  let sends = 0;
  const sink = nowhere(
    () => {
      sends++;
      return new Promise((resolve) => void clock.after(22_000, () => resolve(new Map())));
    },
    { most: 1 },
  );
  const stage = await final(['a', 'b', 'c', 'd', 'e'], to(sink));
  const once = deliverOnce(stage.pipeline, stage.outbox, { clock, withinMs: 60_000 });
  for (const begun of [1, 2, 3]) {
    while (sends < begun) await stage.rows('select 1');
    await clock.advance(22_000);
  }
  expect(await once).toEqual({ delivered: 3, skipped: 0, failed: 0 });
  expect(clock.pending).toBe(0);
  expect(await stage.rows(OUTBOX)).toMatchObject([{ attempts: 0 }, { attempts: 0 }]);
});

test('what a branch still had to deliver stays when it is no longer declared, and goes when it is again', async () => {
  const { sink, got } = collecting();
  const stage = await final(['tea'], to(nowhere()));
  await stage.place.open({ ...stage.pipeline, finals: [], version: 'without' });
  expect(await deliverOnce({ ...stage.pipeline, finals: [] }, stage.outbox)).toEqual({
    delivered: 0,
    skipped: 0,
    failed: 0,
  });
  expect(await stage.rows(OUTBOX)).toHaveLength(1);
  await deliverOnce({ ...stage.pipeline, finals: [to(sink)] }, stage.outbox);
  expect(got).toHaveLength(1);
});
