import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as it passed the proxy. */
export interface ProxiedCall {
  /** Such as `ReceiveMessage`. */
  readonly action: string;
  /** The how-manieth call of this action, from 1. */
  readonly nth: number;
  /** Milliseconds of a monotonic clock. */
  readonly at: number;
  readonly input: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** Whether the caller hung up before it got an answer. */
  aborted: boolean;
}

/** What goes wrong with a call. */
export type Fault =
  /** The server never sees it, the caller never hears of it. */
  | { readonly kind: 'black-hole' }
  /** The server does it, then the connection breaks. */
  | { readonly kind: 'drop-response' }
  /** The server does it; the connection breaks in the middle of its answer. */
  | { readonly kind: 'half-response' }
  /** The connection breaks before the server sees it. */
  | { readonly kind: 'reset' }
  /** The server does it; the answer waits for the promise. */
  | { readonly kind: 'hold'; readonly until: Promise<unknown> }
  /** An error answer in the server's place. */
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly code: string;
      readonly message?: string;
      readonly date?: Date;
    }
  /** Another answer in the server's place. */
  | { readonly kind: 'reply'; readonly body: (input: Readonly<Record<string, unknown>>) => unknown }
  /** The server does it; its answer is changed on the way. */
  | { readonly kind: 'alter'; readonly change: (answer: Answer, input: Readonly<Record<string, unknown>>) => unknown };

type Answer = Record<string, unknown>;

/** An SQS endpoint on 127.0.0.1 that hands calls on to a real one, except where a rule says otherwise. */
export interface SqsProxy {
  readonly endpoint: string;
  readonly calls: readonly ProxiedCall[];
  of(action: string): readonly ProxiedCall[];
  /** Faults the calls of `action` for which `when` holds; the newest matching rule wins. Returns how to take the rule away. */
  fault(action: string, when: (call: ProxiedCall) => boolean, fault: Fault): () => void;
  /** Resolves when the `nth` call of `action` has arrived. */
  arrived(action: string, nth: number): Promise<ProxiedCall>;
  close(): Promise<void>;
}

interface Rule {
  readonly action: string;
  readonly when: (call: ProxiedCall) => boolean;
  readonly fault: Fault;
}

/** Starts a proxy in front of `upstream`. */
export async function sqsProxy(upstream: string): Promise<SqsProxy> {
  const agent = new Agent({ keepAlive: true });
  const calls: ProxiedCall[] = [];
  const rules: Rule[] = [];
  const watchers: (() => void)[] = [];
  const of = (action: string) => calls.filter((call) => call.action === action);

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const action = String(incoming.headers['x-amz-target']).replace('AmazonSQS.', '');
    const input = JSON.parse(body.toString()) as Record<string, unknown>;
    const call = {
      action,
      nth: of(action).length + 1,
      at: performance.now(),
      input,
      headers: incoming.headers,
      aborted: false,
    };
    calls.push(call);
    response.on('close', () => (call.aborted = !response.writableFinished));
    for (const watcher of watchers) watcher();
    const fault = rules.findLast((rule) => rule.action === action && rule.when(call))?.fault;
    if (fault?.kind === 'black-hole') return;
    if (fault?.kind === 'reset') return void incoming.socket.destroy();
    if (fault?.kind === 'reply') return answer(response, 200, fault.body(input));
    if (fault?.kind === 'error') {
      if (fault.date) response.setHeader('date', fault.date.toUTCString());
      return answer(response, fault.status, {
        __type: `com.amazonaws.sqs#${fault.code}`,
        message: fault.message ?? fault.code,
      });
    }
    const { status, text } = await forward(incoming, body);
    if (fault?.kind === 'drop-response') return void incoming.socket.destroy();
    if (fault?.kind === 'half-response') return half(response, status, text);
    if (fault?.kind === 'hold') await fault.until;
    const parsed = text === '' ? {} : (JSON.parse(text) as Answer);
    answer(response, status, fault?.kind === 'alter' ? fault.change(parsed, input) : parsed);
  }

  function forward(
    incoming: IncomingMessage,
    body: Buffer,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { host: _, connection: __, ...headers } = incoming.headers;
    return new Promise((resolve, reject) => {
      const outgoing = request(upstream, { method: 'POST', path: incoming.url, headers, agent }, (reply) => {
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
    calls,
    of,
    fault(action, when, fault) {
      const rule = { action, when, fault };
      rules.push(rule);
      return () => rules.splice(rules.indexOf(rule), 1);
    },
    arrived: (action, nth) =>
      new Promise((resolve) => {
        const look = () => {
          const call = of(action)[nth - 1];
          if (call) resolve(call);
        };
        watchers.push(look);
        look();
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Sends half of an answer that was announced whole. */
function half(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
  response.end(JSON.stringify(body));
}
