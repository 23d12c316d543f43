import type { SQSClient } from '@aws-sdk/client-sqs';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Clock } from '../clock.ts';
import { messageOf, SourceError } from '../errors.ts';
import type { Outgoing } from './encode.ts';
import { codeOf } from '../sqs-code.ts';
import { inSendSpan } from './in-send-span.ts';
import { isTransient } from './is-transient.ts';

export interface SendBatchOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** The most that the queue takes for a message. Default: SQS's own limit. */
  readonly maxBytes?: number | undefined;
  readonly attempts: number;
  readonly clock: Clock;
  /** 0 to 1, for the jitter. */
  readonly random: () => number;
  /** Called for each message that SQS acknowledged. */
  readonly onSent: (message: Outgoing) => void;
  /** Called for each request, with how many messages it brings once more. */
  readonly onRequest: (again: number) => void;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 20_000;

/**
 * Sends up to ten messages until SQS has acknowledged each. An answer of 200 may still refuse some of them: those that are not our fault are
 * sent again, after a pause with full jitter.
 *
 * Delivery: at least once. When an answer is lost its messages are sent again; the events' ids make that harmless.
 *
 * @throws SourceError when SQS refuses for good, or attempts run out; the other messages of the batch are sent nevertheless.
 */
export function sendBatch(messages: readonly Outgoing[], options: SendBatchOptions): Promise<void> {
  return inSendSpan(messages, options, (carrying) => sendAll(carrying, options));
}

async function sendAll(messages: readonly Outgoing[], options: SendBatchOptions): Promise<void> {
  const { attempts, clock, random, onRequest } = options;
  let remaining = messages;
  let refusal: SourceError | undefined;
  for (let attempt = 1; ; attempt++) {
    onRequest(attempt === 1 ? 0 : remaining.length);
    const outcome = await sendOnce(remaining, options);
    remaining = outcome.again;
    refusal ??= outcome.refusal;
    if (remaining.length === 0) break;
    if (attempt >= attempts) {
      refusal ??= new SourceError(
        outcome.reason,
        `queue ${options.queueUrl}: ${remaining.length} of ${messages.length} messages not sent after ${attempt} attempts: ${outcome.why}`,
        { cause: outcome.cause },
      );
      break;
    }
    const longest = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
    await new Promise<void>((resolve) => clock.after(random() * longest, resolve));
  }
  if (refusal) throw refusal;
}

interface Outcome {
  readonly again: readonly Outgoing[];
  readonly reason: string;
  readonly why: string;
  readonly cause?: unknown;
  readonly refusal?: SourceError;
}

async function sendOnce(
  messages: readonly Outgoing[],
  { client, queueUrl, onSent }: SendBatchOptions,
): Promise<Outcome> {
  try {
    const answer = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: messages.map(({ body, attributes }, index) => ({
          Id: String(index),
          MessageBody: body,
          ...(attributes ? { MessageAttributes: attributes } : undefined),
        })),
      }),
    );
    const sent = new Set((answer.Successful ?? []).map((entry) => Number(entry.Id)));
    const failed = answer.Failed ?? [];
    const refused = failed.filter((entry) => entry.SenderFault);
    const lost = new Set(refused.map((entry) => Number(entry.Id)));
    for (const index of sent) onSent(messages[index] as Outgoing);
    const first = refused[0] ?? failed[0];
    const why = first ? `${first.Code}: ${first.Message ?? 'no message'}` : 'not in the answer';
    return {
      // What the answer does not name is not acknowledged either.
      again: messages.filter((_, index) => !sent.has(index) && !lost.has(index)),
      reason: first?.Code ?? 'unknown',
      why,
      ...(refused.length > 0
        ? {
            refusal: new SourceError(
              first?.Code ?? 'refused',
              `queue ${queueUrl} refused ${refused.length} messages: ${why}`,
            ),
          }
        : undefined),
    };
  } catch (error) {
    const reason = codeOf(error);
    const why = messageOf(error) || reason;
    if (!isTransient(error)) throw new SourceError(reason, `queue ${queueUrl}: ${why}`, { cause: error });
    return { again: messages, reason, why, cause: error };
  }
}
