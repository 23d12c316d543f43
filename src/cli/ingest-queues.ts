import { didYouMean } from '../declared.ts';
import { ConfigError } from '../errors.ts';
import { isFifo } from '../producer/queue.ts';
import type { QueueSettings } from './settings.ts';

/** Queues of events that come in by HTTP, by the pipeline's name. */
export type IngestQueues = ReadonlyMap<string, QueueSettings>;

/**
 * Which queue the events of each pipeline go to: `--ingest-queue QUEUE` where there is one pipeline, `PIPELINE=QUEUE`, several times, where there are more.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function ingestQueues(
  given: readonly string[] = [],
  pipelines: readonly string[],
  access: Omit<QueueSettings, 'queue' | 'name'>,
): IngestQueues {
  const queues = new Map<string, QueueSettings>();
  for (const text of given) {
    const [, named, of] = /^([^=:]*)=(.*)$/.exec(text) ?? [];
    const [only] = pipelines.length === 1 ? pipelines : [];
    const pipeline = named ?? only;
    const queue = of ?? text;
    if (pipeline === undefined || !pipelines.includes(pipeline) || queue === '') {
      const expected = `${only === undefined ? '' : 'QUEUE, or '}PIPELINE=QUEUE of ${pipelines.join(', ')}`;
      const fix = didYouMean(named ?? '', pipelines) ?? `--ingest-queue ${pipelines[0]}=shop-events`;
      throw new ConfigError({ where: '--ingest-queue', expected, got: `'${text}'`, fix });
    }
    if (queues.has(pipeline)) {
      const got = `'${pipeline}' twice`;
      throw new ConfigError({ where: '--ingest-queue', expected: 'one for each pipeline', got, fix: 'leave one out' });
    }
    queues.set(pipeline, { queue, ...access });
  }
  return queues;
}

/**
 * Which of the queues that a worker reads events go to: the only one, or the one that `--ingest-queue` names. None where several are read and none is
 * named, or where the only one is a FIFO queue, which no events are sent to.
 *
 * @throws ConfigError for one that the worker does not read.
 */
export function ownIngestQueue(
  given: readonly string[] = [],
  pipeline: string,
  queues: readonly QueueSettings[],
): IngestQueues {
  const [text, ...more] = given;
  const [only, ...others] = queues;
  const isOnly = text === undefined && others.length === 0 && only !== undefined && !isFifo(only.queue);
  const queue = isOnly ? only : queues.find((each) => text !== undefined && [each.name, each.queue].includes(text));
  if (queue && more.length === 0) return new Map([[pipeline, queue]]);
  if (text === undefined) return new Map();
  const names = queues.map(({ name, queue }) => name ?? queue);
  throw new ConfigError({
    where: '--ingest-queue',
    expected: `one of the queues that the worker reads: ${names.join(', ')}`,
    got: given.join(', '),
    fix: didYouMean(text, names) ?? `--ingest-queue ${names[0]}`,
  });
}
