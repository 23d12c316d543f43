import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import type { Pipeline } from '../../src/pipeline.ts';
import { type FreshDatabase, freshDatabase } from './database.ts';
import { type FreshQueue, freshQueue } from './queue.ts';

/** A queue and a database of a test's own, with the settings that lead the command line to them. Gone when the test is over. */
export interface Scene {
  readonly queue: FreshQueue;
  readonly database: FreshDatabase;
  readonly sql: postgres.Sql;
  readonly env: Readonly<Record<string, string>>;
}

/** Sets the scene, on `server` instead of the run's Postgres where it is given. */
export async function scene(server?: string): Promise<Scene> {
  const { sqsEndpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  const [queue, database] = await Promise.all([freshQueue(), freshDatabase(server)]);
  const sql = postgres(database.url, { max: 2, onnotice: () => undefined });
  onTestFinished(async () => {
    await sql.end({ timeout: 5 });
    await Promise.all([queue.drop(), database.drop()]);
  });
  return {
    queue,
    database,
    sql,
    env: {
      SCALESTREAM_QUEUE: queue.name,
      DATABASE_URL: database.url,
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  };
}

/** How many raw events are counted; 0 while there is no table. */
export async function counted({ sql }: Scene, { events }: Pipeline): Promise<number> {
  const [there] = await sql`select to_regclass(${events.name}) is not null as yes`;
  if (!there?.['yes']) return 0;
  const [row] = await sql<{ n: number }[]>`select count(*)::int as n from ${sql(events.name)} where counted`;
  return row?.n ?? 0;
}

/**
 * All that a pipeline wrote: each row of its window tables and of the rejects as JSON, without the instants of writing; the raw events as their
 * number and a digest.
 *
 * @param without names more columns to leave out, such as `revision` where two runs had other batches.
 */
export async function contents({ sql }: Scene, pipeline: Pipeline, without: readonly string[] = []) {
  const left = ['updated_at', 'rejected_at', 'final_at', 'final_revision', ...without];
  const rowsOf = async (table: string): Promise<string[]> => {
    const rows = await sql<{ row: string }[]>`
      select (to_jsonb(t) - ${left}::text[])::text as row from ${sql(table)} t order by 1`;
    return rows.map(({ row }) => row);
  };
  const raw = await sql`
    select count(*)::int as events, md5(string_agg(md5(t::text), '' order by event_time, event_id)) as digest
    from ${sql(pipeline.events.name)} t`;
  const all: Record<string, unknown> = { [pipeline.events.name]: raw[0], rejects: await rowsOf('scalestream.rejects') };
  for (const table of pipeline.windows) all[table.name] = await rowsOf(table.name);
  return all;
}
