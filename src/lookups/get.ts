import { once } from 'node:events';
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

export interface Reply {
  readonly status: number;
  /** `undefined` where it is more than was allowed, or not read: of a status other than 200. */
  readonly body: string | undefined;
}

/** Sends GETs over kept sockets. */
export interface Getter {
  get(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Reply>;
  close(): void;
}

/** @param sockets most at a time, of one host; @param maxBytes the longest body. Redirects are not followed. */
export function getter(sockets: number, maxBytes: number): Getter {
  const http = new HttpAgent({ keepAlive: true, maxSockets: sockets });
  const https = new HttpsAgent({ keepAlive: true, maxSockets: sockets });
  return {
    async get(url, headers, signal) {
      const isSecure = url.protocol === 'https:';
      const request = isSecure ? httpsRequest : httpRequest;
      const sent = request(url, { agent: isSecure ? https : http, headers, signal });
      sent.on('error', () => undefined); // one that comes after the status is the body's too
      sent.end();
      const [reply] = (await once(sent, 'response')) as [IncomingMessage];
      const { statusCode: status = 0 } = reply;
      const body = status === 200 ? await textOf(reply, maxBytes) : undefined;
      if (body === undefined) sent.destroy();
      return { status, body };
    },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}

async function textOf(reply: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
