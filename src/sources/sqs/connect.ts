import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ConfigError, messageOf, SourceError } from '../../errors.ts';
import type { SourceWarning } from '../pull-options.ts';
import { codeOf } from '../../sqs-code.ts';
import { failureOf } from './errors.ts';
import type { SqsSourceOptions } from './options.ts';

/** What must be known of a queue before it is polled. */
export interface ConnectedQueue {
  readonly url: string;
  readonly name: string;
  readonly fifo: boolean;
  /** The queue's own default, seconds; the source asks for its own with each receive. */
  readonly visibilitySeconds: number;
  /** Deliveries before SQS moves a message to its dead-letter queue; `undefined` without one. */
  readonly maxReceiveCount: number | undefined;
  readonly warnings: readonly { readonly kind: SourceWarning; readonly detail: string }[];
}

/** AWS: a receive may count although nobody got the message, so a lower limit dead-letters healthy ones. */
const LEAST_RECEIVES = 3;

/**
 * Finds the queue and reads its settings: a source that cannot work says so before it starts.
 *
 * @throws ConfigError when the queue does not exist or refuses; SourceError when it cannot be reached.
 */
export async function connectQueue(client: SQSClient, options: SqsSourceOptions): Promise<ConnectedQueue> {
  try {
    const isUrl = /^https?:\/\//.test(options.queue);
    const found = isUrl ? undefined : await client.send(new GetQueueUrlCommand({ QueueName: options.queue }));
    const url = found?.QueueUrl ?? options.queue;
    const { Attributes: attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl: url,
        AttributeNames: ['VisibilityTimeout', 'RedrivePolicy', 'FifoQueue', 'MessageRetentionPeriod'],
      }),
    );
    const maxReceiveCount = maxReceives(attributes['RedrivePolicy']);
    const name = url.slice(url.lastIndexOf('/') + 1);
    return {
      url,
      name,
      fifo: attributes['FifoQueue'] === 'true' || name.endsWith('.fifo'),
      visibilitySeconds: Number(attributes['VisibilityTimeout'] ?? 30),
      maxReceiveCount,
      warnings: [
        ...warningsOf(name, maxReceiveCount),
        ...keepWarnings(name, attributes['MessageRetentionPeriod'], options.keepDays),
      ],
    };
  } catch (error) {
    throw explained(error, options, await regionOf(client));
  }
}

function maxReceives(redrivePolicy: string | undefined): number | undefined {
  if (!redrivePolicy) return undefined;
  const policy = JSON.parse(redrivePolicy) as { readonly maxReceiveCount?: number | string };
  return Number(policy.maxReceiveCount ?? 10);
}

function warningsOf(name: string, maxReceiveCount: number | undefined): ConnectedQueue['warnings'] {
  if (maxReceiveCount === undefined) {
    const detail = `queue '${name}' has no dead-letter queue: what no worker can settle comes back until its retention ends`;
    return [{ kind: 'no-dead-letter-queue', detail }];
  }
  if (maxReceiveCount >= LEAST_RECEIVES) return [];
  const detail = `queue '${name}' dead-letters after ${maxReceiveCount} receives, and SQS counts receives that reach nobody: allow ${LEAST_RECEIVES} or more`;
  return [{ kind: 'few-receives', detail }];
}

const SECONDS_PER_DAY = 86_400;

/** What waits in the queue for longer than events are kept is older than the horizon when it comes. */
function keepWarnings(
  name: string,
  retentionSeconds: string | undefined,
  keepDays: number | undefined,
): ConnectedQueue['warnings'] {
  const days = Number(retentionSeconds ?? 0) / SECONDS_PER_DAY;
  if (keepDays === undefined || keepDays >= days) return [];
  const shown = Number(days.toFixed(1));
  const detail = `queue '${name}' keeps messages for ${shown} d, and events are kept for ${keepDays} d: what waits the ${Number((days - keepDays).toFixed(1))} d longer is rejected as too old. Fix: keep: '${Math.ceil(days)}d' or more, or a shorter retention of the queue`;
  return [{ kind: 'short-keep', detail }];
}

async function regionOf(client: SQSClient): Promise<string> {
  try {
    return await client.config.region();
  } catch {
    return 'unknown';
  }
}

function explained(error: unknown, options: SqsSourceOptions, region: string): Error {
  const where = `queue '${options.queue}' at ${options.endpoint ?? 'AWS'} in region ${region}`;
  const code = codeOf(error);
  const got = `${code}: ${messageOf(error)}`;
  const cause = { cause: error };
  if (/NonExistentQueue|QueueDoesNotExist|InvalidAddress/.test(code)) {
    const fix = 'create it, or check its name, the region, the account and AWS_ENDPOINT_URL_SQS';
    return new ConfigError({ where, expected: 'an existing queue', got, fix }, cause);
  }
  if (/region is missing/i.test(got)) {
    return new ConfigError({ where, expected: 'a region', got: 'none', fix: 'set AWS_REGION' }, cause);
  }
  const failure = failureOf(error);
  if (failure === 'refused') {
    const fix =
      'allow sqs:GetQueueUrl, GetQueueAttributes, ReceiveMessage, DeleteMessage and ChangeMessageVisibility, and use of its KMS key';
    return new ConfigError({ where, expected: 'a queue that may be read', got, fix }, cause);
  }
  if (failure === 'credentials') {
    const fix = 'check AWS_ACCESS_KEY_ID, AWS_PROFILE or the role of this machine';
    return new ConfigError({ where, expected: 'valid credentials', got, fix }, cause);
  }
  const fix = 'is the endpoint right, does it run, and may this machine reach it?';
  return new SourceError(code, `${where}: not reachable (${got}). Fix: ${fix}`, cause);
}
