import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { codeOf } from '../../sqs-code.ts';

/** Sends one action of SQS's JSON protocol; rejects with {@link SqsCallError}, or Node's own error, within `timeoutMs`. */
export type SqsCall = (action: string, input: object, timeoutMs: number, signal?: AbortSignal) => Promise<unknown>;

/** What the SDK's signer is given, and gives back with a signature. */
export interface Signable {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query: Record<string, never>;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** Where calls go and who signs them. */
export interface Access {
  readonly endpoint: URL;
  /** The SDK's own signer: it asks the credentials' provider at every call, since temporary ones expire. */
  readonly sign: (request: Signable, date: Date) => Promise<{ readonly headers: Readonly<Record<string, string>> }>;
}

/** SQS said no. `name` is its code, as the SDK would give it. */
export class SqsCallError extends Error {
  override readonly name: string;
  readonly $metadata: { readonly httpStatusCode: number };
  constructor(code: string, message: string, status: number) {
    super(message);
    this.name = code;
    this.$metadata = { httpStatusCode: status };
  }
}

/** AWS refuses signatures older or newer than five minutes. */
const TOLERATED_SKEW_MS = 240_000;

/**
 * A pool of sockets of its own, so that calls of one kind never wait for those of another.
 *
 * The three calls that are made for every ten messages do not go through the SDK's middleware, which costs as much CPU as all the rest of a message
 * (`npm run bench -- one-per-message`). Signature, credentials, region and endpoint are the SDK's.
 */
export function sqsCalls(access: Access, maxSockets: number): { readonly call: SqsCall; readonly close: () => void } {
  const { endpoint, sign } = access;
  const secure = endpoint.protocol === 'https:';
  const agent = secure
    ? new HttpsAgent({ keepAlive: true, maxSockets })
    : new HttpAgent({ keepAlive: true, maxSockets });
  const request = secure ? httpsRequest : httpRequest;
  const { host, hostname, port, protocol, pathname: path } = endpoint;
  let skewMs = 0;

  /** The deadline covers everything: the credentials' provider, the wait for a socket, the last byte of the answer. */
  function call(action: string, input: object, timeoutMs: number, signal?: AbortSignal): Promise<unknown> {
    const deadline = new AbortController();
    const late = new SqsCallError('TimeoutError', `${action} was not answered within ${timeoutMs} ms`, 0);
    return new Promise((resolve, reject) => {
      const end = (error: unknown) => {
        deadline.abort();
        reject(error);
      };
      const timer = setTimeout(end, timeoutMs, late);
      const onAbort = () => end(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      attempt(action, JSON.stringify(input), deadline.signal)
        .then(resolve, reject)
        .finally(() => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
        });
    });
  }

  async function attempt(action: string, payload: string, signal: AbortSignal, again = false): Promise<unknown> {
    const unsigned: Signable = {
      method: 'POST',
      protocol,
      hostname,
      ...(port !== '' && { port: Number(port) }),
      path,
      query: {},
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'content-length': String(Buffer.byteLength(payload)),
        host,
        'x-amz-target': `AmazonSQS.${action}`,
      },
      body: payload,
    };
    const { headers } = await sign(unsigned, new Date(Date.now() + skewMs));
    const sent = request({ method: 'POST', hostname, port, path, agent, headers, signal });
    try {
      return await replyTo(sent, payload, noteTime);
    } catch (error) {
      // The server closed a kept connection just as it was used again: it has not seen the call.
      if (again || !sent.reusedSocket || codeOf(error) !== 'ECONNRESET' || signal.aborted) throw error;
      return attempt(action, payload, signal, true);
    }
  }

  /** A refusal may be about our clock: go by the server's from then on. */
  function noteTime(reply: IncomingMessage): void {
    const skew = Date.parse(reply.headers.date ?? '') - Date.now();
    if (Math.abs(skew - skewMs) > TOLERATED_SKEW_MS) skewMs = skew;
  }

  return { call, close: () => agent.destroy() };
}

function replyTo(
  sent: ReturnType<typeof httpRequest>,
  payload: string,
  onRefusal: (reply: IncomingMessage) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part: string) => (text += part));
      reply.on('error', reject);
      reply.on('end', () => {
        const status = reply.statusCode ?? 0;
        try {
          if (status === 200) return resolve(text === '' ? {} : JSON.parse(text));
          onRefusal(reply);
          reject(refusal(text, status));
        } catch (error) {
          reject(error);
        }
      });
    });
    sent.end(payload);
  });
}

function refusal(text: string, status: number): SqsCallError {
  try {
    const { __type: type = '', message, Message } = JSON.parse(text) as Record<string, string | undefined>;
    return new SqsCallError(type.slice(type.indexOf('#') + 1), message ?? Message ?? type, status);
  } catch {
    return new SqsCallError(`HTTP ${status}`, text.slice(0, 200), status);
  }
}
