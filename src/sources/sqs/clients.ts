import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { httpHandler } from './http-handler.ts';
import type { SqsSourceOptions } from './options.ts';

/** Two clients, so that polls, which occupy a socket for seconds, never make a delete or a lease wait for one. */
export interface SqsClients {
  readonly polls: SQSClient;
  readonly calls: SQSClient;
  /** Fails a call that takes longer than its time: also where the credentials' provider hangs, before any request is made. */
  readonly inTime: <T>(answer: Promise<T>, waitSeconds?: number) => Promise<T>;
  readonly close: () => void;
}

/** Beyond its wait a poll may take this long. */
const POLL_GRACE_MS = 10_000;
const SPARE_SOCKETS = 2;
const CALL_MS = 5_000;
const CALL_SOCKETS = 32;

/**
 * - Each call is one attempt with a deadline: pollers, settlements and leases have their own way to try again, and each attempt of a receive may
 *   burn a delivery.
 * - MD5 is off: TLS and SigV4 protect the bytes already, and it costs 17 to 45 % of a receive's CPU.
 * - `cacheMiddleware` builds the middleware once a command, not once a call: a quarter of a call's CPU.
 * - `useQueueUrlAsEndpoint: false`: otherwise the host in a queue's URL wins over the endpoint.
 */
export function sqsClients(options: SqsSourceOptions, maxPollers: number, waitSeconds: number): SqsClients {
  const shared: SQSClientConfig = { md5: false, cacheMiddleware: true, useQueueUrlAsEndpoint: false, maxAttempts: 1 };
  if (options.region !== undefined) shared.region = options.region;
  if (options.endpoint !== undefined) shared.endpoint = options.endpoint;
  if (options.credentials !== undefined) shared.credentials = options.credentials;
  const calls = new SQSClient({ ...shared, requestHandler: httpHandler(CALL_SOCKETS, CALL_MS) });
  const polls = new SQSClient({
    ...shared,
    // One provider, resolved and cached once for both.
    credentials: calls.config.credentials,
    requestHandler: httpHandler(maxPollers + SPARE_SOCKETS, waitSeconds * 1_000 + POLL_GRACE_MS),
  });
  return {
    polls,
    calls,
    inTime: (answer, wait) => within(answer, wait === undefined ? CALL_MS : wait * 1_000 + POLL_GRACE_MS),
    close() {
      polls.destroy();
      calls.destroy();
    },
  };
}

async function within<T>(answer: Promise<T>, ms: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(Object.assign(new Error(`SQS was not called or did not answer within ${ms} ms`), { name: 'TimeoutError' }));
  }, ms);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
