import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallFault } from './sqs-faults.ts';

/** A call of SQS's JSON protocol, and what the server says to it. */
export interface Call {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Hands the call on to the server, with another input or as another action where they are given. Only a status of 200 is an answer. */
  forward(input?: object, action?: string): Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** The way of one worker to the queue. */
export interface SqsFaultProxy {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Faults that need no knowledge of the call. */
type Blunt = 'reset' | 'black-hole' | 'drop-response' | 'half-response';

/** How a call ends: with an answer, or without one. */
export type Ending = Reply | { readonly end: Blunt; readonly text?: string };

/** Starts a proxy whose calls are all treated by `treat`. A call that it throws at is reset. */
export async function sqsFaultProxy(upstream: string, treat: (call: Call) => Promise<Ending>): Promise<SqsFaultProxy> {
  const agent = new Agent({ keepAlive: true });

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const call: Call = {
      action: String(incoming.headers['x-amz-target']).replace('AmazonSQS.', ''),
      input: JSON.parse(body.toString()) as Record<string, unknown>,
      forward: (input, action) => forward(incoming, input ? Buffer.from(JSON.stringify(input)) : body, action),
    };
    const ending = await treat(call);
    if (response.destroyed) return;
    if (!('end' in ending)) {
      response.writeHead(ending.status, { 'content-type': 'application/x-amz-json-1.0' });
      return void response.end(ending.text);
    }
    if (ending.end === 'black-hole') return;
    if (ending.end !== 'half-response') return void incoming.socket.resetAndDestroy();
    const text = ending.text ?? '';
    response.writeHead(200, {
      'content-type': 'application/x-amz-json-1.0',
      'content-length': Buffer.byteLength(text),
    });
    response.write(text.slice(0, text.length >> 1), () => incoming.socket.resetAndDestroy());
  }

  function forward({ url, headers: given }: IncomingMessage, body: Buffer, action?: string): Promise<Reply> {
    const { host: _, connection: __, ...others } = given;
    const target = action === undefined ? given['x-amz-target'] : `AmazonSQS.${action}`;
    const headers = { ...others, 'content-length': body.length, 'x-amz-target': target };
    const options = { method: 'POST', path: url, agent, headers };
    return new Promise((resolve, reject) => {
      const outgoing = request(upstream, options, (reply) => {
        void bytesOf(reply).then(
          (bytes) => resolve({ status: reply.statusCode ?? 500, text: bytes.toString() }),
          reject,
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  const server = createServer((incoming, response) => {
    pass(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

/** The answer of an error in the server's place. */
export const errorReply = ({ status, code }: Extract<CallFault, { kind: 'error' }>): Reply => ({
  status,
  text: JSON.stringify({ __type: `com.amazonaws.sqs#${code}`, message: code }),
});

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
