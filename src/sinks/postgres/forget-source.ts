import type { Pipeline } from '../../pipeline.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';

/** What became of a source that was to be forgotten. */
export interface Forgotten {
  readonly done: boolean;
  /** A worker that reads it, so it was not. */
  readonly reader: string | null;
  /** The sources there were. */
  readonly sources: readonly string[];
}

const FORGET = `
with reader as (
  select worker from scalestream.workers
  where pipeline = $1::text and $2::text = any (sources) and ended_at is null and expires_at > clock_timestamp() limit 1
), gone as (
  delete from scalestream.sources where pipeline = $1::text and source = $2::text and not exists (select from reader) returning 1
)
select exists (select from gone) as done, (select worker from reader) as reader,
  (select coalesce(json_agg(source order by source), '[]') from scalestream.sources where pipeline = $1::text)::text as sources`;

/**
 * Forgets a source that no worker reads, so that the watermark waits for it no longer. Who starts to read it makes it known again.
 *
 * @throws StoreError when the database cannot be asked.
 */
export async function forgetSource(connection: Connection, pipeline: Pipeline, source: string): Promise<Forgotten> {
  try {
    const [row] = await connection.run<{ done: boolean; reader: string | null; sources: string }>(FORGET, [
      pipeline.name,
      source,
    ]);
    return { done: false, reader: null, ...row, sources: JSON.parse(row?.sources ?? '[]') as string[] };
  } catch (error) {
    throw classify(error, pipeline.events.name);
  }
}
