import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import { scalestream } from '../support/e2e-command.ts';
import { type Scene, scene } from '../support/e2e-scene.ts';
import { freshQueue } from '../support/queue.ts';

const INDEX = JSON.stringify(fileURLToPath(new URL('../../src/index.ts', import.meta.url)));

/** A pipeline that delivers its windows to a queue, in a file. */
async function delivering(queue: string, keep = 'forever'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scalestream-deliveries-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'hours.ts');
  await writeFile(
    file,
    `import { acknowledge, count, decode, eventTable, foldInto, json, pipeline, toQueue, transaction, tumbling, whenFinal, windowTable } from ${INDEX};
    const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
    const events = eventTable('events', { schema, id: (e) => e.id, time: (e) => e.at, keep: '${keep}' });
    const hours = windowTable('hours', events, { window: tumbling('1h'), key: {}, measures: { n: count() } });
    export default pipeline('hours', [events, hours, whenFinal(hours, toQueue({ queue: '${queue}' }), { name: 'out' })], ({ messages, store }) =>
      messages.pipe(decode(json(events)), transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(hours))), acknowledge()));`,
  );
  return file;
}

const without = ({ env }: Scene) => ({ ...env, SCALESTREAM_QUEUE: '' });

test('a pipeline that delivers to a queue it reads is refused at the start, by name and by URL', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const { origin } = new URL(set.queue.url);
  for (const queue of [set.queue.name, set.queue.url.replace(origin, inject('servers').sqsEndpoint)]) {
    const { code, err } = await scalestream(['run', await delivering(queue)], set.env);
    expect(code, err).toBe(78);
    expect(err).toContain(`whenFinal 'out', queue '${queue}': expected a queue that the pipeline does not read itself`);
    expect(err).toMatch(/Fix: deliver to another queue/);
  }
  expect(await set.sql`select from pg_namespace where nspname = 'scalestream'`).toEqual([]);
});

test('a tick delivers what is due before retention, whose failure is a warning; status tells the backlog', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const out = await freshQueue();
  onTestFinished(() => out.drop());
  const file = await delivering(out.name, '3d');
  expect(await scalestream(['migrate', file], set.env)).toMatchObject({ code: 0 });
  await set.sql`insert into scalestream.outbox (pipeline, branch, delivery, line, body)
    values ('hours', 'out', 'hours/1', 'l', '{"delivery":"hours/1"}'), ('hours', 'gone', 'hours/1', 'l', '{"delivery":"hours/1"}')`;
  await set.sql`update scalestream.outbox set error = 'HTTP 500' where branch = 'gone'`;
  const status = await scalestream(['status', file, '--json'], set.env);
  expect(status.out).toMatch(
    /^outbox {5}gone: 1 to deliver, the oldest since 2\S+Z · 1 failing: HTTP 500\noutbox {5}out: 1 to deliver, the oldest since 2\S+Z$/m,
  );
  expect(status.json()).toMatchObject({
    outbox: [
      { branch: 'gone', failing: 1 },
      { branch: 'out', backlog: 1, error: null },
    ],
  });
  await set.sql`create or replace function scalestream.add_partition(parent text, day date) returns void language plpgsql as $$ begin raise 'no partition'; end $$`;
  const ticked = await scalestream(['tick', file, '--json'], { ...without(set) });
  expect(ticked.code, ticked.err).toBe(0);
  expect(ticked.json()).toMatchObject({ delivered: 1, failed: 0 });
  expect(ticked.err).toMatch(/^retention failed, and is tried again by the next tick: no partition/m);
});
