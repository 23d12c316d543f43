import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { contend } from './contend.ts';

const LOOPS = 8;

/** The bare queue: the SDK receives and deletes the same messages, with MD5 off and middleware cached, a client for each kind of call, and does nothing with them. */
await contend(async ({ endpoint, region, queueUrl, accessKeyId, secretAccessKey, messages }) => {
  const access = { endpoint, region, credentials: { accessKeyId, secretAccessKey } };
  const tuned = { md5: false as const, cacheMiddleware: true, useQueueUrlAsEndpoint: false };
  const polls = new SQSClient({ ...access, ...tuned });
  const calls = new SQSClient({ ...access, ...tuned });
  let deleted = 0;
  const loop = async (): Promise<void> => {
    while (deleted < messages) {
      const { Messages: received = [] } = await polls.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 0,
          MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'MessageGroupId'],
          MessageAttributeNames: ['All'],
        }),
      );
      if (received.length === 0) continue;
      const Entries = received.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
      const { Successful: successful = [] } = await calls.send(
        new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }),
      );
      deleted += successful.length;
    }
  };
  return {
    run: async () => void (await Promise.all(Array.from({ length: LOOPS }, loop))),
    async close() {
      polls.destroy();
      calls.destroy();
    },
  };
});
