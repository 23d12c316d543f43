import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { startLocalQueue } from '../../src/local/queue.ts';
import { isRunning } from '../../src/local/is-running.ts';
import { freshQueue } from '../support/queue.ts';

describe('the local queue', () => {
  test('delivers what was sent', async () => {
    const queue = await freshQueue({ VisibilityTimeout: '60' });
    await queue.send(['a', 'b', 'c']);
    expect(await queue.counts()).toEqual({ visible: 3, inFlight: 0, delayed: 0 });
    const receive = new ReceiveMessageCommand({ QueueUrl: queue.url, MaxNumberOfMessages: 10 });
    const { Messages = [] } = await queue.client.send(receive);
    expect(Messages.map((message) => message.Body)).toEqual(['a', 'b', 'c']);
    expect(await queue.counts()).toEqual({ visible: 0, inFlight: 3, delayed: 0 });
    await queue.drop();
  });

  test('shares nothing with another one at the same time, and ends when it is told', async () => {
    const [one, two] = await Promise.all([startLocalQueue(), startLocalQueue()]);
    expect(one.endpoint).not.toBe(two.endpoint);
    await fetch(one.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.CreateQueue' },
      body: JSON.stringify({ QueueName: 'only-here' }),
    });
    const client = new SQSClient({ endpoint: two.endpoint, region: two.region, credentials: two });
    await expect(client.send(new GetQueueUrlCommand({ QueueName: 'only-here' }))).rejects.toThrow(/not exist/);
    client.destroy();
    await Promise.all([one.stop(), two.stop()]);
    await one.stop();
    expect([one.pid, two.pid].map(isRunning)).toEqual([false, false]);
  });

  test('ends although a client waits in a long poll', async () => {
    const server = await startLocalQueue();
    const call = (target: string, body: object): Promise<Response> =>
      fetch(server.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${target}` },
        body: JSON.stringify(body),
      });
    const { QueueUrl } = (await (await call('CreateQueue', { QueueName: 'q' })).json()) as { QueueUrl: string };
    const poll = call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }).then(
      async (response) => response.text(),
      () => 'cut off',
    );
    await server.stop();
    await poll;
    expect(isRunning(server.pid)).toBe(false);
  });

  test('refuses a port that is taken, and says so', async () => {
    const one = await startLocalQueue();
    const port = Number(new URL(one.endpoint).port);
    await expect(startLocalQueue({ port })).rejects.toThrow(/local queue: expected it to start; got .*EADDRINUSE/);
    await one.stop();
  });

  // All of 127.0.0.0/8 is this machine's there: a server on every interface would answer.
  test.runIf(process.platform === 'linux')('listens on 127.0.0.1 alone', async () => {
    const one = await startLocalQueue();
    const socket = connect(Number(new URL(one.endpoint).port), '127.0.0.2');
    const error = await new Promise((resolve) => socket.once('error', resolve).once('connect', () => resolve('open')));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    socket.destroy();
    await one.stop();
  });
});
