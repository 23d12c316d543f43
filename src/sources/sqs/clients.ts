import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { SqsSourceOptions } from './options.ts';

/** Two clients, so that polls, which occupy a socket for seconds, never make a delete or a lease wait for one. */
export interface SqsClients {
  readonly polls: SQSClient;
  readonly calls: SQSClient;
}

const CONNECT_MS = 3_000;
const CALL_MS = 5_000;
const CALL_ATTEMPTS = 3;
const CALL_SOCKETS = 32;
/** Beyond its wait a poll may take this long. */
const POLL_GRACE_MS = 10_000;
const SPARE_SOCKETS = 2;

/**
 * - Every call has a timeout that throws: by default the SDK has none, and `requestTimeout` alone only logs.
 * - A poll is one attempt: the poller has its own backoff, and each attempt may burn a delivery.
 * - MD5 is off: TLS and SigV4 protect the bytes already, and it costs 17 to 45 % of a receive's CPU.
 * - `useQueueUrlAsEndpoint: false`: otherwise the host in a queue's URL wins over the endpoint.
 */
export function sqsClients(options: SqsSourceOptions, maxPollers: number, waitSeconds: number): SqsClients {
  const shared: SQSClientConfig = { md5: false, useQueueUrlAsEndpoint: false };
  if (options.region !== undefined) shared.region = options.region;
  if (options.endpoint !== undefined) shared.endpoint = options.endpoint;
  if (options.credentials !== undefined) shared.credentials = options.credentials;
  const calls = new SQSClient({
    ...shared,
    maxAttempts: CALL_ATTEMPTS,
    requestHandler: handler(CALL_SOCKETS, CALL_MS),
  });
  const polls = new SQSClient({
    ...shared,
    // One provider, resolved and cached once for both.
    credentials: calls.config.credentials,
    maxAttempts: 1,
    requestHandler: handler(maxPollers + SPARE_SOCKETS, waitSeconds * 1_000 + POLL_GRACE_MS),
  });
  return { polls, calls };
}

function handler(maxSockets: number, requestTimeout: number): NodeHttpHandler {
  return new NodeHttpHandler({
    connectionTimeout: CONNECT_MS,
    requestTimeout,
    throwOnRequestTimeout: true,
    httpAgent: new HttpAgent({ keepAlive: true, maxSockets }),
    httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets }),
  });
}
