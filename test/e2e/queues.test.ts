import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { command, scalestream } from '../support/e2e-command.ts';
import { type Scene, scene } from '../support/e2e-scene.ts';
import { freshQueue } from '../support/queue.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const INDEX = JSON.stringify(fileURLToPath(new URL('../../src/index.ts', import.meta.url)));

/** A second queue beside the scene's own. */
async function another(): Promise<string> {
  const queue = await freshQueue();
  onTestFinished(() => queue.drop());
  return queue.name;
}

const produce = async (set: Scene, queue: string, seed: number): Promise<void> => {
  const args = ['--simulate', '--events', '500', '--rate', '0', '--seed', String(seed), '--queue', queue];
  expect(await scalestream(['produce', ...args], set.env)).toMatchObject({ code: 0 });
};

test('two queues feed one pipeline, named in messages; the watermark waits for both', { timeout: 60_000 }, async () => {
  const set = await scene();
  const tills = await another();
  await produce(set, set.queue.name, 1);
  await produce(set, tills, 2);
  const queues = ['--queue', `${set.queue.name}, tills=${tills}`];
  const ran = await scalestream(['run', PIPELINE, '--until-drained', '--json', ...queues], set.env);
  expect(ran.code, ran.err).toBe(0);
  expect(ran.json()).toMatchObject({ committed: 1_000 });
  expect(await set.sql`select source from scalestream.sources order by source`).toEqual(
    [set.queue.name, 'tills'].toSorted().map((source) => ({ source })),
  );
  const only = command(['run', PIPELINE], set.env);
  await only.said(/worker of 'storefront'/);
  const [status] = await set.sql`select held from scalestream.status`;
  expect(status?.['held']).toMatch(
    /^no worker reads source tills\. Fix: start one, or scalestream tick PIPELINE\.ts --forget tills$/,
  );
});

test('two queues of one name, and a lateness within the visibility timeout, are refused with the sum', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const twice = ['--queue', `a=${set.queue.name}`, '--queue', `a=${await another()}`];
  const named = await scalestream(['run', PIPELINE, ...twice], set.env);
  expect(named.code).toBe(78);
  expect(named.err).toMatch(/each with a name of its own; got 'a' twice/);
  const slow = await scalestream(['run', PIPELINE, '--visibility', '115s'], set.env);
  expect(slow.code).toBe(78);
  expect(slow.err).toMatch(
    /eventTable\('shop_events'\) lateness: expected more than 125s: 115s until a message of a dead worker comes back \+ 10s to commit it; got 2m\. Fix: lateness: '126s'/,
  );
});

test('one queue under two names is refused before anything starts, by name and by URL', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  for (const verb of ['run', 'tick']) {
    const queues = `a=${set.queue.name},b=${set.queue.url}`;
    const { code, err } = await scalestream([verb, PIPELINE, '--queue', queues], set.env);
    expect(code, err).toBe(78);
    expect(err).toMatch(
      /--queue: expected each queue once; got 'a' and 'b', which are one \(http.*\)\. Fix: leave one out/,
    );
  }
  expect(await set.sql`select from pg_namespace where nspname = 'scalestream'`).toEqual([]);
});

test('a queue that another pipeline reads is refused, since each message reaches one of them only', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const folder = await mkdtemp(join(tmpdir(), 'scalestream-queues-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const other = join(folder, 'other.ts');
  await writeFile(
    other,
    `import { acknowledge, count, decode, eventTable, foldInto, json, pipeline, transaction, tumbling, windowTable } from ${INDEX};
    const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
    const events = eventTable('events', { schema, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });
    const hours = windowTable('hours', events, { window: tumbling('1h'), key: {}, measures: { n: count() } });
    export default pipeline('other', [events, hours], ({ messages, store }) =>
      messages.pipe(decode(json(events)), transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(hours))), acknowledge()));`,
  );
  const first = command(['run', PIPELINE, '--worker', 'w1'], set.env);
  await first.said(/worker of 'storefront'/);
  const second = await scalestream(['run', other], set.env);
  expect(second.code, second.err).toBe(78);
  expect(second.err).toMatch(
    /read by one pipeline; got pipeline 'storefront' \(worker w1\) reads a queue of 'other' too, .*Fix: let an SNS topic fan out to a queue for each pipeline/,
  );
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 0 });
  expect(await scalestream(['run', other, '--until-drained'], set.env)).toMatchObject({ code: 0 });
});
