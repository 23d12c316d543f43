import type { Pipeline } from '../pipeline.ts';
import { messageOf } from '../errors.ts';
import { deliveries, type Delivered, type DeliverOptions } from '../runtime/deliver.ts';
import { postgresOutbox } from '../sinks/postgres/outbox.ts';
import { type Database, postgresDatabase } from '../sinks/postgres/postgres.ts';
import { readStatus } from '../sinks/postgres/status.ts';
import { type FoundEmpty, retainOnce, tickOnce } from '../sinks/postgres/tick.ts';
import { sqsSource } from '../sources/sqs/sqs.ts';
import { databaseAtStart, queueAtStart } from './at-start.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { accessOf, DATABASE_FLAGS, databaseUrl, QUEUES_FLAGS, type QueueSettings, queuesSettings } from './settings.ts';
import { grouped } from './worker-progress.ts';

const help = `Usage: scalestream tick PIPELINE.ts --database URL [--queue NAME_OR_URL] [flags]

Does once, without a running worker, what workers do all the time: moves the watermark, makes windows final, delivers them, makes and drops
partitions. For cron, and for workers that are scaled to none. Safe beside workers.

Where no worker runs, only an empty queue can move the watermark: give the queues, and it moves up to a minute before now, since SQS's counts are
that old. Nothing is received.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --queue NAME_OR_URL   or SCALESTREAM_QUEUE; as for 'run', all of them
  --endpoint URL        or AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL; default: AWS itself
  --region NAME         or AWS_REGION, AWS_DEFAULT_REGION
  --json                one JSON object as the last line of the output

Examples:
  * * * * *  scalestream tick shop.ts --queue shop-events --database postgres://localhost/shop
  scalestream tick src/pipelines/ga4.ts --json
`;

/** `scalestream tick`. Exit code 0, also where retention alone failed; 1 where it could not be done, 78 for settings that cannot work. */
export const tickCommand: Command = {
  name: 'tick',
  summary: 'do once what workers do all the time: close windows, deliver, keep partitions',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'tick',
      args,
      { ...QUEUES_FLAGS, ...DATABASE_FLAGS, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      { most: 1, what: 'one pipeline file' },
    );
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const url = databaseUrl(flags.database, env);
    const queues = flags.queue || env['SCALESTREAM_QUEUE'] ? queuesSettings(flags, env) : [];
    const pipeline = await loadPipeline(positionals[0]);
    const sinks = { defaults: accessOf(flags, env), warn: io.err };
    const result = await tick(url, pipeline, await emptinessOf(queues), sinks);
    io.out(
      `${grouped(result.final)} windows became final · ${grouped(result.revised)} revisions announced · ${grouped(result.delivered)} delivered${
        result.failed > 0 ? `, ${grouped(result.failed)} not` : ''
      } · watermark ${result.watermark ?? 'none yet'}; held ${result.held}`,
    );
    if (flags.json) io.out(JSON.stringify(result));
    return 0;
  },
};

/** Longer is for the next tick: cron starts one a minute. */
const DELIVERY_MS = 60_000;

/** Delivers what is due, and begins with nothing more once its time is over. */
async function deliver({ connection }: Database, pipeline: Pipeline, sinks: DeliverOptions): Promise<Delivered> {
  const all = deliveries(pipeline, postgresOutbox(connection, pipeline), sinks);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= all.close());
  const timer = setTimeout(() => void close(), DELIVERY_MS);
  try {
    return await all.run();
  } finally {
    clearTimeout(timer);
    await close();
  }
}

async function tick(
  url: string,
  pipeline: Pipeline,
  empty: FoundEmpty | undefined,
  sinks: DeliverOptions & { readonly warn: (line: string) => void },
) {
  const database = postgresDatabase({ url, connections: 1 });
  try {
    const ticked = await tickOnce(database.connection, pipeline, empty);
    const delivered = await deliver(database, pipeline, sinks);
    await retainOnce(database.connection, pipeline).catch((error: unknown) =>
      sinks.warn(`retention failed, and is tried again by the next tick: ${messageOf(error)}`),
    );
    const status = await readStatus(database.connection, pipeline);
    return { ...ticked, ...delivered, watermark: status?.watermark ?? null, held: status?.held ?? 'no workers' };
  } catch (error) {
    throw databaseAtStart(error, url);
  } finally {
    await database.close();
  }
}

/** The queues, where all of them say twice that they hold nothing. */
async function emptinessOf(queues: readonly QueueSettings[]): Promise<FoundEmpty | undefined> {
  if (queues.length === 0) return undefined;
  const asked = performance.now();
  const sources: string[] = [];
  let isEmpty = true;
  for (const queue of queues) {
    const source = await sqsSource({ ...queue, onWarning: () => undefined }).catch((error: unknown) => {
      throw queueAtStart(error, queue);
    });
    try {
      sources.push(source.name);
      await source.isEmpty(); // SQS's counts vary from one server to the next
      isEmpty &&= await source.isEmpty();
    } finally {
      await source.drained(0);
    }
  }
  return isEmpty ? { sources, ago: () => performance.now() - asked } : undefined;
}
