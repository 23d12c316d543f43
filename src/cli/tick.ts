import type { Pipeline } from '../pipeline.ts';
import { droppedText } from '../dropped.ts';
import { ConfigError, messageOf } from '../errors.ts';
import { deliverOnce, type DeliverOptions } from '../runtime/deliver.ts';
import { type Forgotten, forgetSource } from '../sinks/postgres/forget-source.ts';
import { postgresOutbox } from '../sinks/postgres/outbox.ts';
import { postgresDatabase } from '../sinks/postgres/postgres.ts';
import { readStatus } from '../sinks/postgres/status.ts';
import { retainOnce, tickOnce } from '../sinks/postgres/tick.ts';
import { databaseAtStart } from './at-start.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { type QueueDepth, queueDepth } from './queue-depth.ts';
import { queuesApart } from './queues-apart.ts';
import { accessOf, DATABASE_FLAGS, databaseUrl, QUEUES_FLAGS, queuesSettings } from './settings.ts';
import { waitingDeliveries } from './waiting-deliveries.ts';
import { grouped } from './worker-progress.ts';

const help = `Usage: scalestream tick PIPELINE.ts --database URL [--queue NAME_OR_URL] [flags]

Does once, without a running worker, what workers do all the time: moves the watermark, makes windows final, delivers them, makes and drops
partitions. For cron, and for workers that are scaled to none. Safe beside workers.

Where no worker runs, only an empty queue can move the watermark: give the queues, and it moves up to a minute before now, since SQS's counts are
that old. Nothing is received. What the queues hold is told, and on stderr which days of raw events were dropped, what has still to be
delivered, and which sources nobody reads.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --queue NAME_OR_URL   or SCALESTREAM_QUEUE; as for 'run', all of them
  --endpoint URL        or AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL; default: AWS itself
  --region NAME         or AWS_REGION, AWS_DEFAULT_REGION
  --forget SOURCE       a source that will not come back: the watermark waits for it no longer; several times for several
  --json                one JSON object as the last line of the output

Examples:
  * * * * *  scalestream tick shop.ts --queue shop-events --database postgres://localhost/shop
  scalestream tick src/pipelines/ga4.ts --json
  scalestream tick shop.ts --forget tills
`;

/** `scalestream tick`. Exit code 0, also where retention alone failed or something has still to be delivered; 1 where it could not be done, 78 for settings that cannot work. */
export const tickCommand: Command = {
  name: 'tick',
  summary: 'do once what workers do all the time: close windows, deliver, keep partitions',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'tick',
      args,
      {
        ...QUEUES_FLAGS,
        ...DATABASE_FLAGS,
        forget: { type: 'string', multiple: true },
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
      { most: 1, what: 'one pipeline file' },
    );
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const url = databaseUrl(flags.database, env);
    const queues = flags.queue || env['SCALESTREAM_QUEUE'] ? queuesSettings(flags, env) : [];
    const pipeline = await loadPipeline(positionals[0]);
    const asked = performance.now();
    const depths = await Promise.all(queues.map(queueDepth));
    queuesApart(depths);
    const result = await tick(url, pipeline, {
      depths,
      ago: () => performance.now() - asked,
      forget: flags.forget ?? [],
      sinks: { defaults: accessOf(flags, env), warn: io.err },
    });
    const failed = result.failed > 0 ? `, ${grouped(result.failed)} not` : '';
    io.out(
      `${grouped(result.final)} windows became final · ${grouped(result.revised)} revisions announced · ${grouped(result.delivered)} delivered${failed}` +
        ` · watermark ${result.watermark ?? 'none yet'}; held: ${result.held}`,
    );
    for (const { source, messages } of result.queues)
      io.out(`source ${source}: about ${grouped(messages)} ${messages === 1 ? 'message' : 'messages'} in its queue`);
    for (const line of waitingDeliveries(result.outbox)) io.err(line);
    for (const source of result.unread) {
      io.err(
        `no worker reads source ${source}, and its queue was not given: the watermark waits for it. Fix: --queue ${source}=QUEUE, or --forget ${source}`,
      );
    }
    if (flags.json) io.out(JSON.stringify(result));
    return 0;
  },
};

/** Longer is for the next tick: cron starts one a minute. */
const DELIVERY_MS = 60_000;

interface TickSettings {
  readonly depths: readonly QueueDepth[];
  /** Milliseconds since the queues were asked. */
  readonly ago: () => number;
  /** Sources to forget. */
  readonly forget: readonly string[];
  readonly sinks: DeliverOptions & { readonly warn: (line: string) => void };
}

async function tick(url: string, pipeline: Pipeline, { depths, ago, forget, sinks }: TickSettings) {
  const database = postgresDatabase({ url, connections: 1 });
  const { connection } = database;
  try {
    for (const source of forget) {
      forgotten(source, await forgetSource(connection, pipeline, source));
      sinks.warn(`source ${source} is forgotten: nothing waits for it`);
    }
    const sources = depths.map(({ source }) => source);
    const isEmpty = depths.length > 0 && depths.every(({ messages }) => messages === 0);
    const ticked = await tickOnce(connection, pipeline, isEmpty ? { sources, ago } : undefined);
    const delivered = await deliverOnce(pipeline, postgresOutbox(database.connection, pipeline), {
      ...sinks,
      withinMs: DELIVERY_MS,
    });
    const dropped: string[] = [];
    await retainOnce(connection, pipeline, (days) => {
      dropped.push(...days.days);
      sinks.warn(droppedText(days));
    }).catch((error: unknown) =>
      sinks.warn(`retention failed, and is tried again by the next tick: ${messageOf(error)}`),
    );
    const status = await readStatus(connection, pipeline);
    return {
      ...ticked,
      ...delivered,
      watermark: status?.watermark ?? null,
      held: status?.held ?? 'no workers',
      queues: depths.map(({ source, messages }) => ({ source, messages })),
      unread: status?.unread.filter((source) => !sources.includes(source)) ?? [],
      outbox: status?.outbox ?? [],
      dropped,
    };
  } catch (error) {
    throw databaseAtStart(error, url);
  } finally {
    await database.close();
  }
}

/** @throws ConfigError for a source that is not there, or that a worker reads. */
function forgotten(source: string, { done, reader, sources }: Forgotten): void {
  if (done) return;
  const where = '--forget';
  if (reader === null) {
    const expected = sources.length > 0 ? `a source among ${sources.join(', ')}` : 'a source; there is none';
    throw new ConfigError({ where, expected, got: `'${source}'`, fix: 'check the name' });
  }
  const got = `'${source}', which worker ${reader} reads`;
  const fix = 'stop it first, or wait until it is given up';
  throw new ConfigError({ where, expected: 'a source that no worker reads', got, fix });
}
