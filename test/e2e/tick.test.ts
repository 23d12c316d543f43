import { expect, test } from 'vitest';
import { command, scalestream } from '../support/e2e-command.ts';
import { type Scene, scene } from '../support/e2e-scene.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();

const produce = (set: Scene, ...args: readonly string[]) =>
  scalestream(['produce', '--simulate', '--events', '500', '--pack', '500', '--rate', '0', ...args], set.env);
const tick = async ({ env }: Scene, ...args: readonly string[]) => {
  const ended = await scalestream(['tick', PIPELINE, '--json', ...args], env);
  expect(ended.code, ended.err).toBe(0);
  return ended.json() as { final: number; watermark: string | null; held: string };
};
/** Settings without the queue. */
const without = (set: Scene): Scene => ({ ...set, env: { ...set.env, SCALESTREAM_QUEUE: '' } });

test('what workers left open, a tick makes final without them; status says so', { timeout: 60_000 }, async () => {
  const set = await scene();
  expect(await produce(set, '--start-at', YESTERDAY)).toMatchObject({ code: 0 });
  expect(await scalestream(['run', PIPELINE, '--until-drained'], set.env)).toMatchObject({ code: 0 });
  await set.sql`update product_trade set final_revision = null, final_at = null`;
  const { final, held } = await tick(without(set));
  const rows = await set.sql`select state, count(*)::int as n from product_trade_windows group by 1`;
  expect(rows).toEqual([{ state: 'final', n: final }]);
  expect(held).toBe('no workers');
  const status = await scalestream(['status', PIPELINE, '--json'], set.env);
  expect(status.code, status.err).toBe(0);
  expect(status.out).toMatch(/^watermark {2}2\S+Z, [\d.]+ s ago; held: no workers$/m);
  expect(status.out).toMatch(/^delay .* of 500 events:\n.* 100 % within 7d|100 % within 1d/m);
  expect(status.json()).toMatchObject({
    pipeline: 'storefront',
    workers: [{ state: 'ended', committed: 500, sources: [set.queue.name] }],
    tables: [
      { table: 'product_trade', open: 0 },
      { table: 'country_sales', open: 0 },
    ],
  });
});

test('where no worker lives an empty queue moves the watermark up to a minute ago, and one that holds anything does not', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  expect(await scalestream(['migrate', PIPELINE], set.env)).toMatchObject({ code: 0 });
  expect(await tick(without(set))).toMatchObject({ watermark: null, held: 'no workers' });
  const { watermark } = await tick(set);
  const age = Date.now() - Date.parse(watermark ?? '');
  expect(age).toBeGreaterThanOrEqual(60_000);
  expect(age).toBeLessThan(75_000);
  expect(await produce(set)).toMatchObject({ code: 0 });
  const queues = [{ source: set.queue.name, messages: 1 }];
  expect(await tick(set)).toMatchObject({ watermark, held: 'no workers', queues });
});

test('a tick tells what its queues hold, and which source nobody reads; one that will not come back is forgotten', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  expect(await produce(set)).toMatchObject({ code: 0 });
  expect(await scalestream(['migrate', PIPELINE], set.env)).toMatchObject({ code: 0 });
  await set.sql`insert into scalestream.sources (pipeline, source) values ('storefront', 'shop'), ('storefront', 'tills')`;
  const args = ['tick', PIPELINE, '--json', '--queue', `shop=${set.queue.name}`];
  const ticked = await scalestream(args, set.env);
  expect(ticked.json()).toMatchObject({ queues: [{ source: 'shop', messages: 1 }], unread: ['tills'] });
  expect(ticked.out).toMatch(/^source shop: about 1 message in its queue$/m);
  expect(ticked.err).toBe(
    'no worker reads source tills, and its queue was not given: the watermark waits for it. Fix: --queue tills=QUEUE, or --forget tills\n',
  );
  const wrong = await scalestream([...args, '--forget', 'till'], set.env);
  expect(wrong.code).toBe(78);
  expect(wrong.err).toMatch(/--forget: expected a source among shop, tills; got 'till'\. Fix: check the name/);
  const forgot = await scalestream([...args, '--forget', 'tills'], set.env);
  expect(forgot.code, forgot.err).toBe(0);
  expect(forgot.err).toBe('source tills is forgotten: nothing waits for it\n');
  expect(forgot.json()).toMatchObject({ unread: [] });
});

test('a source that a worker reads is not forgotten', { timeout: 60_000 }, async () => {
  const set = await scene();
  const worker = command(['run', PIPELINE, '--worker', 'w1'], set.env);
  await worker.said(/worker of 'storefront'/);
  const { code, err } = await scalestream(['tick', PIPELINE, '--forget', set.queue.name], set.env);
  expect(code, err).toBe(78);
  expect(err).toContain(
    `--forget: expected a source that no worker reads; got '${set.queue.name}', which worker w1 reads. Fix: stop it first`,
  );
  expect(await set.sql`select source from scalestream.sources`).toEqual([{ source: set.queue.name }]);
});

test('a tick of another version than the database is refused, and says what to do', async () => {
  const set = await scene();
  const { code, err } = await scalestream(['tick', PIPELINE], without(set).env);
  expect(code).toBe(78);
  expect(err).toMatch(/Fix: run scalestream migrate/);
});
