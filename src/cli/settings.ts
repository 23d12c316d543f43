import { ConfigError } from '../errors.ts';
import { checkEndpoint } from '../producer/sqs-client.ts';
import { targetOf } from '../sinks/postgres/target.ts';

/** Flags that say where the queue is. */
export const QUEUE_FLAGS = {
  queue: { type: 'string' },
  endpoint: { type: 'string' },
  region: { type: 'string' },
} as const;

/** Flags that say where the queues are: `--queue` may be there several times. */
export const QUEUES_FLAGS = { ...QUEUE_FLAGS, queue: { type: 'string', multiple: true } } as const;

/** The flag that says where the database is. */
export const DATABASE_FLAGS = { database: { type: 'string' } } as const;

/** Where a service is and who asks, as flags and environment say. */
interface AccessSettings {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined;
}

/** What flags and environment say of a queue. */
export interface QueueSettings extends AccessSettings {
  readonly queue: string;
  /** Name of the source; default: the queue's. */
  readonly name?: string | undefined;
}

/** The flags of where a queue is, as they were given. */
interface Given {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
}

/**
 * The queue: `--queue` or `SCALESTREAM_QUEUE`, `--endpoint` or `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL`, `--region` or `AWS_REGION`.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function queueSettings(
  flags: Given & { readonly queue?: string | undefined },
  env: NodeJS.ProcessEnv,
): QueueSettings {
  const queue = flags.queue ?? (env['SCALESTREAM_QUEUE'] || undefined);
  if (!queue) throw noQueue();
  return { queue, ...accessOf(flags, env) };
}

/**
 * The queues of one pipeline: those of each `--queue`, or of `SCALESTREAM_QUEUE`, with commas between; `NAME=QUEUE` names the source.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function queuesSettings(
  flags: Given & { readonly queue?: readonly string[] | undefined },
  env: NodeJS.ProcessEnv,
): readonly QueueSettings[] {
  const given = flags.queue ?? [env['SCALESTREAM_QUEUE'] ?? ''];
  const texts = given.flatMap((text) => text.split(',')).map((text) => text.trim());
  const queues = texts.filter((text) => text !== '').map(namedQueue);
  if (queues.length === 0 || given.includes('')) throw noQueue();
  const access = accessOf(flags, env);
  return queues.map((queue) => ({ ...queue, ...access }));
}

function namedQueue(text: string): { readonly name?: string; readonly queue: string } {
  const [, name, queue] = /^([^=:]*)=(.*)$/.exec(text) ?? [];
  if (name === undefined || queue === undefined) return { queue: text };
  if (/^[\w.-]+$/.test(name) && queue !== '') return { name, queue };
  throw new ConfigError({
    where: '--queue',
    expected: 'NAME=QUEUE, or the queue alone',
    got: `'${text}'`,
    fix: '--queue tills=pos-events',
  });
}

const noQueue = (): ConfigError =>
  new ConfigError({
    where: '--queue',
    expected: 'the name or URL of an SQS queue',
    got: 'none',
    fix: 'add --queue NAME, or set SCALESTREAM_QUEUE',
  });

/** Where queues are: `--endpoint` or `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL`, `--region` or `AWS_REGION`, and who asks. */
export function accessOf(flags: Given, env: NodeJS.ProcessEnv): AccessSettings {
  const { AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL } = env;
  const endpoint = flags.endpoint
    ? checkEndpoint(flags.endpoint, '--endpoint')
    : AWS_ENDPOINT_URL_SQS
      ? checkEndpoint(AWS_ENDPOINT_URL_SQS, 'AWS_ENDPOINT_URL_SQS')
      : AWS_ENDPOINT_URL
        ? checkEndpoint(AWS_ENDPOINT_URL, 'AWS_ENDPOINT_URL')
        : undefined;
  const region = flags.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  return { endpoint, region, credentials: credentialsOf(env) };
}

/** Keys given by the environment; otherwise the SDK's own chain of providers decides. */
function credentialsOf(env: NodeJS.ProcessEnv): QueueSettings['credentials'] {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/**
 * The database's URL: `--database` or `DATABASE_URL`.
 *
 * @throws ConfigError when it is missing or no Postgres URL.
 */
export function databaseUrl(flag: string | undefined, env: NodeJS.ProcessEnv): string {
  const url = flag ?? (env['DATABASE_URL'] || undefined);
  if (!url) {
    throw new ConfigError({
      where: '--database',
      expected: 'postgres://user:password@host:port/database',
      got: 'none',
      fix: 'add --database URL, or set DATABASE_URL',
    });
  }
  targetOf(url);
  return url;
}
