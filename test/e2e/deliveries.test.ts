import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import { command, scalestream } from '../support/e2e-command.ts';
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

test('a tick delivers what is due before retention, whose failure is a warning; status, tick and run tell the backlog', {
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
  // A run ends with its queue, and may do so before or after it has delivered what it can.
  await set.sql`delete from scalestream.outbox where branch = 'out'`;
  const waits = /^1 delivery waits in scalestream\.outbox: gone: HTTP 500$/m;
  const ran = await scalestream(['run', file, '--until-drained', '--json'], set.env);
  expect(ran.code, ran.err).toBe(0);
  expect(ran.err).toMatch(waits);
  expect(ran.json()).toMatchObject({ outbox: [{ branch: 'gone', backlog: 1, failing: 1, error: 'HTTP 500' }] });
  await set.sql`insert into scalestream.outbox (pipeline, branch, delivery, line, body)
    values ('hours', 'out', 'hours/2', 'l', '{"delivery":"hours/2"}')`;
  await set.sql`create or replace function scalestream.add_partition(parent text, day date) returns void language plpgsql as $$ begin raise 'no partition'; end $$`;
  const ticked = await scalestream(['tick', file, '--json'], { ...without(set) });
  expect(ticked.code, ticked.err).toBe(0);
  expect(ticked.json()).toMatchObject({ delivered: 1, failed: 0, outbox: [{ branch: 'gone' }] });
  expect(ticked.err).toMatch(waits);
  expect(ticked.err).toMatch(/^retention failed, and is tried again by the next tick: no partition/m);
});

test('a shorter keep, which is no other version, drops raw events: tick and run say which days', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const out = await freshQueue();
  onTestFinished(() => out.drop());
  const [long, short] = [await delivering(out.name, '30d'), await delivering(out.name, '3d')];
  expect(await scalestream(['migrate', long], set.env)).toMatchObject({ code: 0 });
  const day = (ago: number): string => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const [from, , to] = [10, 9, 8].map(day);
  await set.sql`select scalestream.add_partition('events', (now() at time zone 'UTC')::date - ago) from unnest(array[8, 9, 10]) as ago`;
  const ticked = await scalestream(['tick', short, '--json'], without(set));
  expect(ticked.code, ticked.err).toBe(0);
  expect(ticked.err).toContain(`dropped 3 days of raw events of events: ${from} to ${to} (keep 3d)\n`);
  expect(ticked.json()).toMatchObject({ dropped: [from, day(9), to] });
  await set.sql`update scalestream.tables set horizon = horizon - interval '30 days' where name = 'events'`;
  await set.sql`select scalestream.add_partition('events', (now() at time zone 'UTC')::date - 8)`;
  const worker = command(['run', short], { ...set.env });
  await worker.said(new RegExp(`^dropped 1 day of raw events of events: ${to} \\(keep 3d\\)$`, 'm'));
});
