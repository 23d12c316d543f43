import type { Message, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteMessageBatchCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

/** The text of a body. */
export function textIn(body: string, encoding: string | undefined): string {
  if (encoding === undefined) return body;
  const bytes = Buffer.from(body, 'base64');
  return (encoding === 'gzip' ? gunzipSync(bytes) : zstdDecompressSync(bytes)).toString();
}

/** The events of a body: one object, or an array of anything. */
export function eventsIn(body: string, encoding: string | undefined): unknown[] {
  const value = JSON.parse(textIn(body, encoding)) as unknown;
  return Array.isArray(value) ? value : [value];
}

/** Everything a queue holds, received and deleted. */
export async function messagesOf({
  client,
  url,
}: {
  readonly client: SQSClient;
  readonly url: string;
}): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const { Messages: messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
    );
    if (messages.length === 0) return all;
    all.push(...messages);
    const entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries: entries }));
  }
}

/** Every event a queue holds. */
export const eventsOf = async (queue: { readonly client: SQSClient; readonly url: string }): Promise<unknown[]> =>
  (await messagesOf(queue)).flatMap(({ Body, MessageAttributes }) =>
    eventsIn(Body ?? '', MessageAttributes?.['content-encoding']?.StringValue),
  );
