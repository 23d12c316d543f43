import { randomUUID } from 'node:crypto';
import type { Pipeline } from '../../pipeline.ts';
import type { Ticked } from '../../timekeeping.ts';
import { classify } from './classify.ts';
import { closeWindows } from './close-windows.ts';
import type { Connection } from './connect.ts';
import { fenced } from './fenced.ts';
import { textArray } from './quote.ts';
import { retention } from './retain.ts';
import { ADVANCE } from './timeline.ts';

/** Queues that were found empty by asking for their counts. */
export interface FoundEmpty {
  readonly sources: readonly string[];
  /** Milliseconds since they were asked. */
  readonly ago: () => number;
}

/**
 * SQS's counts are approximate: they "achieve consistency at least 1 minute after the producers stop sending messages" (API reference of
 * GetQueueAttributes). So an empty queue says only that nothing sent before then is left.
 */
const CONSISTENT_MS = 60_000;

/** Only where nobody lives who knows better. The row is over at once: it holds nothing. */
const STAND_IN = `
insert into scalestream.workers (pipeline, instance, worker, sources, queues, low, low_source, expires_at)
select $1::text, $2::text, 'tick', $3::text::text[], '{}', clock_timestamp() - $4::text::bigint * interval '1 millisecond', 'tick', clock_timestamp() + interval '10 seconds'
where not exists (select from scalestream.workers where pipeline = $1::text and ended_at is null and expires_at > clock_timestamp())`;

const FORGET = `delete from scalestream.workers where pipeline = $1::text and instance = $2::text`;

/**
 * Does once what workers do all the time: moves the watermark, makes windows final, announces revisions, makes and drops partitions. For cron, and for
 * pipelines whose workers are scaled to none; beside workers it changes nothing that they would not.
 *
 * @param empty where no worker lives, these queues' emptiness moves the watermark.
 * @throws StoreError when another version is in force, or the database cannot be asked.
 */
export async function tickOnce(connection: Connection, pipeline: Pipeline, empty?: FoundEmpty): Promise<Ticked> {
  const { name, version, events } = pipeline;
  try {
    const [fence] = await connection.run<{ version: string }>(
      'select version from scalestream.pipelines where name = $1::text',
      [name],
    );
    if (fence?.version !== version) throw fenced(pipeline, fence?.version);
    const instance = randomUUID();
    if (empty) {
      const age = String(Math.ceil(empty.ago()) + CONSISTENT_MS);
      await connection.run(STAND_IN, [name, instance, textArray(empty.sources), age]);
    }
    try {
      await connection.run(ADVANCE, [name, String(events.skew)]);
    } finally {
      await connection.run(FORGET, [name, instance]);
    }
    const ticked = await closeWindows(connection, pipeline)();
    await retention(connection, pipeline)();
    return ticked;
  } catch (error) {
    throw classify(error, events.name);
  }
}
