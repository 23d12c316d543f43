import { ConfigError } from '../errors.ts';
import { checkEndpoint } from '../producer/sqs-client.ts';
import { targetOf } from '../sinks/postgres/target.ts';

/** Flags that say where the queue is. */
export const QUEUE_FLAGS = {
  queue: { type: 'string' },
  endpoint: { type: 'string' },
  region: { type: 'string' },
} as const;

/** The flag that says where the database is. */
export const DATABASE_FLAGS = { database: { type: 'string' } } as const;

/** What flags and environment say of a queue. */
export interface QueueSettings {
  readonly queue: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly credentials:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined;
}

/**
 * The queue: `--queue` or `SCALESTREAM_QUEUE`, `--endpoint` or `AWS_ENDPOINT_URL_SQS` or `AWS_ENDPOINT_URL`, `--region` or `AWS_REGION`.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function queueSettings(
  flags: {
    readonly queue?: string | undefined;
    readonly endpoint?: string | undefined;
    readonly region?: string | undefined;
  },
  env: NodeJS.ProcessEnv,
): QueueSettings {
  const queue = flags.queue ?? (env['SCALESTREAM_QUEUE'] || undefined);
  if (!queue) {
    throw new ConfigError({
      where: '--queue',
      expected: 'the name or URL of an SQS queue',
      got: 'none',
      fix: 'add --queue NAME, or set SCALESTREAM_QUEUE',
    });
  }
  const { AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL } = env;
  const endpoint = flags.endpoint
    ? checkEndpoint(flags.endpoint, '--endpoint')
    : AWS_ENDPOINT_URL_SQS
      ? checkEndpoint(AWS_ENDPOINT_URL_SQS, 'AWS_ENDPOINT_URL_SQS')
      : AWS_ENDPOINT_URL
        ? checkEndpoint(AWS_ENDPOINT_URL, 'AWS_ENDPOINT_URL')
        : undefined;
  const region = flags.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined);
  return { queue, endpoint, region, credentials: credentialsOf(env) };
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
