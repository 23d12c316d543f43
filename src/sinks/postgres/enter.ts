import { StoreError } from '../../errors.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Connection } from './connect.ts';
import { textArray } from './quote.ts';

/** A worker as it enters. */
export interface Entering {
  readonly instance: string;
  readonly worker: string;
  readonly sources: readonly string[];
  readonly queues: readonly string[];
  readonly lifeMs: number;
}

const ENTER = `
insert into scalestream.workers (pipeline, instance, worker, sources, queues, expires_at)
values ($1::text, $2::text, $3::text, $4::text::text[], $5::text::text[], clock_timestamp() + $6::text::bigint * interval '1 millisecond')
on conflict do nothing`;

const OTHER = `
select pipeline, worker from scalestream.workers
where pipeline <> $1::text and queues && $2::text::text[] and ended_at is null and expires_at > clock_timestamp() limit 1`;

const SOURCES = `
insert into scalestream.sources (pipeline, source) select $1::text, unnest($2::text::text[]) on conflict do nothing`;

/** A report that was held up on its way must not call the worker back. */
export const LEAVE = `
update scalestream.workers set ended_at = clock_timestamp(), report = ${2n ** 63n - 1n} where pipeline = $1::text and instance = $2::text`;

/**
 * Makes a worker's row. It looks for others after that: of two that enter at once, at least one sees the other. Its sources come last, since the
 * watermark waits for them for ever, and not for those of a worker that is refused; until then it waits for the worker.
 *
 * @throws StoreError `fatal` where another pipeline reads one of its queues.
 */
export async function enter(connection: Connection, { name }: Pipeline, entering: Entering): Promise<void> {
  const { instance, worker, sources, queues, lifeMs } = entering;
  await connection.run(ENTER, [name, instance, worker, textArray(sources), textArray(queues), String(lifeMs)]);
  const [other] = await connection.run<{ pipeline: string; worker: string }>(OTHER, [name, textArray(queues)]);
  if (!other) {
    await connection.run(SOURCES, [name, textArray(sources)]);
    return;
  }
  await connection.run(LEAVE, [name, instance]);
  throw new StoreError(
    'fatal',
    'shared-queue',
    `pipeline '${other.pipeline}' (worker ${other.worker}) reads a queue of '${name}' too, and each message reaches one of them only. Fix: let an SNS topic fan out to a queue for each pipeline`,
  );
}
