import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { declared, isRecord, knownOptions } from '../declared.ts';
import { type Duration, milliseconds, spoken } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import type { FinalSink, OpenSink, Parcel } from '../final-sink.ts';
import { addressOf, headersOf } from '../http-address.ts';
import { codeOf } from '../sqs-code.ts';

export interface ToWebhookOptions {
  /** `https://…`, or `http://…` on this machine. What it holds is kept secret: it stands in no message and no table. */
  readonly url: string | undefined;
  /** Sent with each delivery; as secret as the URL. Default: `content-type: application/json` alone. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** How long an answer may take. Default `'10s'`; at most `'20s'`. */
  readonly timeout?: Duration;
  /** Requests under way at a time, of one worker. Default 10. */
  readonly concurrency?: number;
}

const MAX_TIMEOUT_MS = 20_000;
const MAX_CONCURRENCY = 100;

const ADDRESS = { where: 'toWebhook url', example: "url: 'https://…'", what: 'windows' };

/** What each delivery sets itself. */
const OURS = new Set(['idempotency-key', 'x-scalestream-delivery', 'content-length']);

/**
 * A webhook for `whenFinal`: each window is a POST, done once the answer is a 2xx. Redirects are not followed.
 *
 * Delivery: at least once, in no order; the headers `idempotency-key` and `x-scalestream-delivery` are the same each time. Anything but a 2xx within the
 * timeout is tried again, for ever, with pauses that grow to 15 minutes.
 *
 * @throws ConfigError for a URL or header that cannot work.
 * @example
 * whenFinal(sales, toWebhook({ url: process.env.SALES_HOOK, headers: { authorization: `Bearer ${process.env.TOKEN}` } }), { name: 'sales_hook' });
 */
export function toWebhook(options: ToWebhookOptions): FinalSink {
  // the kind alone: the value may be a secret
  declared(isRecord(options), 'toWebhook', 'its options', typeof options, "toWebhook({ url: 'https://…' })");
  knownOptions<ToWebhookOptions>(options, ['url', 'headers', 'timeout', 'concurrency'], 'toWebhook');
  const url = addressOf(options.url, ADDRESS);
  const headers = { 'content-type': 'application/json', ...ownHeaders(options.headers ?? {}) };
  const timeoutMs = milliseconds(options.timeout ?? '10s', 'toWebhook timeout');
  declared(timeoutMs <= MAX_TIMEOUT_MS, 'toWebhook timeout', 'at most 20s', options.timeout, "timeout: '10s'");
  const { concurrency = 10 } = options;
  const isCount = Number.isSafeInteger(concurrency) && concurrency > 0 && concurrency <= MAX_CONCURRENCY;
  declared(isCount, 'toWebhook concurrency', 'a whole number, 1 to 100', concurrency, 'leave it out for 10');
  return {
    kind: 'sink',
    name: 'a webhook',
    ordered: false,
    open: async () => openWebhook(url, headers, timeoutMs, concurrency),
  };
}

function openWebhook(url: URL, headers: Record<string, string>, timeoutMs: number, concurrency: number): OpenSink {
  const Agent = url.protocol === 'https:' ? HttpsAgent : HttpAgent;
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });

  /** The deadline covers everything up to the status line; what comes after it is of no interest. */
  function post({ delivery, body }: Parcel): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    const own = {
      'idempotency-key': delivery,
      'x-scalestream-delivery': delivery,
      'content-length': Buffer.byteLength(body),
    };
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, ...own } });
    const timer = setTimeout(() => {
      resolve(`no answer within ${spoken(timeoutMs)}`);
      sent.destroy();
    }, timeoutMs);
    // The code alone: texts of the network may say more than is good to keep.
    sent.on('error', (error) => resolve(codeOf(error)));
    sent.on('response', (reply) => {
      const { statusCode = 0 } = reply;
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `HTTP ${statusCode}`);
      reply.on('error', () => undefined).resume();
    });
    sent.on('close', () => clearTimeout(timer));
    sent.end(body);
    return promise;
  }

  return {
    most: concurrency,
    async send(parcels) {
      const why = await Promise.all(parcels.map(post));
      return new Map(parcels.flatMap(({ delivery }, i) => (why[i] === undefined ? [] : [[delivery, why[i]]])));
    },
    close: () => agent.destroy(),
  };
}

function ownHeaders(given: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const where = 'toWebhook headers';
  const headers = headersOf(given, where);
  const ours = Object.keys(given).find((name) => OURS.has(name.toLowerCase()));
  if (ours === undefined) return headers;
  const fix = 'leave it out: it is set for each delivery';
  throw new ConfigError({ where, expected: 'headers of your own', got: `'${ours}'`, fix });
}
