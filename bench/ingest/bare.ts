import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { sqsClient } from '../../src/producer/sqs-client.ts';
import type { ServerTask } from './task.ts';

/** What one writes in ten minutes, a process of its own: parses a body, sends it as one message, answers. Nothing is validated, nothing bounded. */
const [{ queueUrl, endpoint, region, ...credentials }] = (await once(process, 'message')) as [ServerTask];
const client = sqsClient({ endpoint, region, credentials }, { sockets: 4, attempts: 1 });
const server = createServer((request, response) => {
  void (async () => {
    const body = await text(request);
    const events = JSON.parse(body) as unknown[];
    const { Failed = [] } = await client.send(
      new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [{ Id: '0', MessageBody: body }] }),
    );
    response.writeHead(Failed.length === 0 ? 202 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ accepted: events.length }));
  })();
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
await once(process, 'disconnect');
server.close();
server.closeAllConnections();
client.destroy();
