import { expect, onTestFinished, test } from 'vitest';
import storefront from '../../../src/pipelines/storefront.ts';
import { postgresDatabase } from '../../../src/sinks/postgres/postgres.ts';
import { readStanding } from '../../../src/sinks/postgres/standing.ts';
import { readStatus } from '../../../src/sinks/postgres/status.ts';
import { scene } from '../../support/e2e-scene.ts';

async function opened() {
  const { database: fresh, sql } = await scene();
  const database = postgresDatabase({ url: fresh.url, connections: 1 });
  onTestFinished(() => database.close());
  await database.migrate(storefront);
  const { connection } = database;
  return {
    sql,
    standing: () => readStanding(connection, storefront),
    /** What the status says in words of the same. */
    held: async () => (await readStatus(connection, storefront))?.held,
    hire: (worker: string, sources: readonly string[]) => database.open(storefront, { worker, sources }),
  };
}

test('a standing says what the watermark waits for, as the status has it in words', async () => {
  const { sql, standing, held, hire } = await opened();
  expect(await standing()).toMatchObject({ hold: 'no-workers', workers: { live: 0, silent: 0, dead: 0 } });
  expect(await held()).toBe('no workers');

  const one = await hire('one', ['tills']);
  expect(await standing()).toMatchObject({ hold: 'new-worker', workers: { live: 1 } });
  expect(await held()).toContain('has not looked into its queue yet');

  await one.time.report({ low: Date.now(), source: 'tills', holding: false });
  expect(await standing()).toMatchObject({ hold: 'empty-queue' });
  expect(await held()).toContain('it saw an empty queue');
  await one.time.report({ low: Date.now(), source: 'tills', holding: true });
  expect(await standing()).toMatchObject({ hold: 'message' });
  expect(await held()).toContain('a message sent');

  await hire('two', ['web']);
  await sql`update scalestream.workers set ended_at = now() where worker = 'two'`;
  expect(await standing()).toMatchObject({ hold: 'unread-source', workers: { live: 1 } });
  expect(await held()).toContain('no worker reads source web');

  await sql`delete from scalestream.sources where source = 'web'`;
  await sql`update scalestream.workers set seen_at = now() - interval '20 seconds' where worker = 'one'`;
  expect(await standing()).toMatchObject({ hold: 'silent-worker', workers: { live: 0, silent: 1, dead: 0 } });
  expect(await held()).toContain('no sign of life');

  await sql`update scalestream.workers set expires_at = now() - interval '1 minute' where worker = 'one'`;
  expect(await standing()).toMatchObject({ hold: 'no-workers', workers: { live: 0, silent: 0, dead: 1 } });
  await sql`update scalestream.workers set expires_at = now() - interval '16 minutes' where worker = 'one'`;
  expect(await standing()).toMatchObject({ workers: { dead: 0 } });
});

test('a standing says what is to be delivered by branch, how many days there are, and nothing of a pipeline that is not there', async () => {
  const { sql, standing } = await opened();
  const first = await standing();
  expect(first).toMatchObject({ outbox: [] });
  expect(first?.partitions).toBeGreaterThan(0);
  await sql`insert into scalestream.outbox (pipeline, branch, delivery, line, body, posted_at, error) values
    ('storefront', 'crm', 'a', 'l', '{}', now() - interval '90 seconds', null),
    ('storefront', 'crm', 'b', 'l', '{}', now(), 'HTTP 500'),
    ('another', 'crm', 'c', 'l', '{}', now(), 'HTTP 500')`;
  const { outbox = [] } = (await standing()) ?? {};
  expect(outbox).toEqual([{ branch: 'crm', backlog: 2, failing: 1, oldest: expect.closeTo(90, -1) }]);
  await sql`select scalestream.add_partition('shop_events', current_date - 20)`;
  expect((await standing())?.partitions).toBe((first?.partitions ?? 0) + 1);
  await sql`delete from scalestream.pipelines`;
  expect(await standing()).toBeUndefined();
});
