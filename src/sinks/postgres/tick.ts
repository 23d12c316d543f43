import { randomUUID } from 'node:crypto';
import type { Dropped } from '../../dropped.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Ticked } from '../../timekeeping.ts';
import { classify } from './classify.ts';
import { closeWindows } from './close-windows.ts';
import type { Connection } from './connect.ts';
import { fenced, fencedNow } from './fenced.ts';
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

/** Only where nobody lives who knows better, nor lived a while ago: a database that was away has seen no report either. The row is over at once: it holds nothing. */
const STAND_IN = `
insert into scalestream.workers (pipeline, instance, worker, sources, queues, low, low_source, expires_at)
select $1::text, $2::text, 'tick', $3::text::text[], '{}', clock_timestamp() - $4::text::bigint * interval '1 millisecond', 'tick', clock_timestamp() + interval '10 seconds'
where not exists (
  select from scalestream.workers where pipeline = $1::text and ended_at is null and expires_at > clock_timestamp() - interval '15 minutes'
)`;

const FORGET = `delete from scalestream.workers where pipeline = $1::text and instance = $2::text`;

/**
 * Does once what workers do all the time: moves the watermark, makes windows final, announces revisions. For cron, and for pipelines whose workers are
 * scaled to none; beside workers it changes nothing that they would not. Deliveries are the caller's, and then {@link retainOnce}.
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
      const [moved] = await connection.run<{ fenced: number }>(ADVANCE, [name, String(events.skew), version]);
      if (moved?.fenced !== 1) throw await fencedNow(connection, pipeline);
    } finally {
      await connection.run(FORGET, [name, instance]);
    }
    const close = closeWindows(connection, pipeline);
    const done = { final: 0, revised: 0 };
    for (;;) {
      const { final, revised, more } = await close();
      done.final += final;
      done.revised += revised;
      if (!more) return done;
    }
  } catch (error) {
    throw classify(error, events.name);
  }
}

/**
 * Makes and drops partitions once, and forgets ids. What is cut off goes on the next time.
 *
 * @param onDropped told what was dropped, also before a failure.
 * @throws StoreError when it cannot be done now: nothing else depends on it.
 */
export async function retainOnce(
  connection: Connection,
  pipeline: Pipeline,
  onDropped: (dropped: Dropped) => void,
): Promise<void> {
  try {
    await retention(connection, pipeline)(onDropped);
  } catch (error) {
    throw classify(error, pipeline.events.name);
  }
}
