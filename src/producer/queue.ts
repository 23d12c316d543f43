import type { SQSClient } from '@aws-sdk/client-sqs';
import { CreateQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { ConfigError, messageOf, SourceError } from '../errors.ts';
import { SQS_MAX_BYTES } from './encode.ts';
import type { SqsClientOptions } from './sqs-client.ts';
import { isLocal, sqsClient } from './sqs-client.ts';
import { codeOf } from '../sqs-code.ts';

/** A queue that is there. */
export interface Queue {
  readonly url: string;
  /** The most bytes a message of it may have. */
  readonly maxBytes: number;
}

/** A queue, and a client for it that its owner destroys. */
export interface OpenQueue {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly maxBytes: number;
}

/**
 * Makes a client for a queue, by name or URL, and finds the queue: see {@link resolveQueue}.
 *
 * @param sockets connections at most.
 * @param theirs see {@link resolveQueue}.
 * @throws as {@link resolveQueue}.
 */
export async function openQueue(
  queue: string,
  options: SqsClientOptions,
  sockets = 4,
  theirs = false,
): Promise<OpenQueue> {
  const told = optionsOf(queue, options);
  const finder = sqsClient(told, { sockets: 1, attempts: 3 });
  try {
    const { url, maxBytes } = await resolveQueue(queue, finder, told.endpoint, theirs);
    // The sender has its own idea of how to try again.
    return { client: sqsClient(told, { sockets, attempts: 1 }), queueUrl: url, maxBytes };
  } finally {
    finder.destroy();
  }
}

/**
 * Finds a queue by its name or URL, and creates it where it does not exist and the endpoint is on this machine.
 *
 * @param theirs whether it is somebody else's queue: then a FIFO queue will do too, and none is created.
 * @throws ConfigError when there is no such queue, it is a FIFO queue, or nothing answers at the endpoint; SourceError when it cannot be told.
 */
export async function resolveQueue(
  queue: string,
  client: SQSClient,
  endpoint: string | undefined,
  theirs = false,
): Promise<Queue> {
  const name = nameOf(queue, theirs);
  try {
    const url = isUrl(queue) ? queue : await urlOf(name, client);
    return { url, maxBytes: await maxBytesOf(url, client) };
  } catch (error) {
    if (codeOf(error) === 'QueueDoesNotExist') {
      if (
        !theirs &&
        endpoint !== undefined &&
        isLocal(endpoint) &&
        (!isUrl(queue) || URL.parse(queue)?.origin === URL.parse(endpoint)?.origin)
      ) {
        const created = await client.send(new CreateQueueCommand({ QueueName: name }));
        return { url: created.QueueUrl ?? queue, maxBytes: SQS_MAX_BYTES };
      }
      throw new ConfigError(
        {
          where: `queue '${queue}'`,
          expected: 'an existing queue',
          got: `none of that name at ${await whereOf(client, endpoint)}`,
          fix: `aws sqs create-queue ${createArguments(name, endpoint)}, or another region or endpoint`,
        },
        { cause: error },
      );
    }
    throw unusable(error, queue, await whereOf(client, endpoint));
  }
}

const createArguments = (name: string, endpoint: string | undefined): string =>
  [
    `--queue-name ${name}`,
    ...(isFifo(name) ? ['--attributes FifoQueue=true'] : []),
    ...(endpoint === undefined ? [] : [`--endpoint-url ${endpoint}`]),
  ].join(' ');

/** Endpoint and region that a queue's URL tells, beneath what was said explicitly. */
function optionsOf(queue: string, options: SqsClientOptions): SqsClientOptions {
  const url = isUrl(queue) ? URL.parse(queue) : null;
  if (!url) return options;
  const region = /^(?:sqs|queue)\.([a-z0-9-]+)\./.exec(url.hostname)?.[1];
  return { endpoint: url.origin, ...(region === undefined ? undefined : { region }), ...options };
}

export const isUrl = (queue: string): boolean => /^https?:\/\//.test(queue);

/** Whether the name or URL is one of a FIFO queue, and of no other. */
export const isFifo = (queue: string): boolean => queue.endsWith('.fifo');

/**
 * The name of a queue that is given by its name or URL.
 *
 * @throws ConfigError when it cannot be one.
 */
export function nameOf(queue: string, fifo = false): string {
  const name = isUrl(queue) ? (URL.parse(queue)?.pathname.split('/').at(-1) ?? '') : queue;
  if (/^[A-Za-z0-9_-]{1,80}$/.test(name) || (fifo && /^[A-Za-z0-9_-]{1,75}\.fifo$/.test(name))) return name;
  throw new ConfigError({
    where: 'queue',
    expected: `the name or URL of a ${fifo ? '' : 'standard '}queue: at most 80 letters, digits, hyphens and underscores`,
    got: JSON.stringify(queue),
    fix:
      !fifo && isFifo(name) ? 'use a standard queue: exactness comes from event ids, not from order' : 'check the name',
  });
}

const urlOf = async (name: string, client: SQSClient): Promise<string> =>
  (await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl ?? name;

async function maxBytesOf(url: string, client: SQSClient): Promise<number> {
  try {
    const answer = await client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['MaximumMessageSize'] }),
    );
    return Math.min(SQS_MAX_BYTES, Number(answer.Attributes?.['MaximumMessageSize'] ?? SQS_MAX_BYTES));
  } catch (error) {
    // A producer may be allowed to send and nothing else.
    if (codeOf(error).startsWith('AccessDenied')) return SQS_MAX_BYTES;
    throw error;
  }
}

const whereOf = async (client: SQSClient, endpoint: string | undefined): Promise<string> =>
  endpoint ?? `AWS, region ${await client.config.region().catch(() => 'unknown')}`;

function unusable(error: unknown, queue: string, where: string): Error {
  const code = codeOf(error);
  const message = messageOf(error) || code;
  if (/^(ECONNREFUSED|ENOTFOUND)$/.test(code)) {
    return new ConfigError(
      {
        where: `queue '${queue}'`,
        expected: `an SQS service at ${where}`,
        got: code,
        fix: "start it ('scalestream local' starts one), or set another endpoint",
      },
      { cause: error },
    );
  }
  if (/Region is missing/.test(message)) {
    return new ConfigError(
      { where: `queue '${queue}'`, expected: 'a region', got: 'none', fix: 'set AWS_REGION or --region' },
      { cause: error },
    );
  }
  if (code === 'CredentialsProviderError' || /Could not load credentials/.test(message)) {
    const fix = 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile';
    return new ConfigError(
      { where: `queue '${queue}'`, expected: 'credentials of AWS', got: message, fix },
      { cause: error },
    );
  }
  if (/Region not accepted/.test(message)) {
    const fix = 'AWS_REGION=eu-central-1';
    return new ConfigError({ where: 'region', expected: 'the name of a region', got: message, fix }, { cause: error });
  }
  return new SourceError(code, `queue '${queue}' at ${where}: ${message}`, { cause: error });
}
