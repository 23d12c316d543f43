import { SQSClient } from '@aws-sdk/client-sqs';
import type { SQSClientConfig } from '@aws-sdk/client-sqs';
import { ConfigError } from '../errors.ts';

export interface SqsClientOptions {
  /** Default: the host of the queue's URL, or AWS's own endpoint of the region. */
  readonly endpoint?: string;
  /** Default: from the queue's URL, or as the SDK finds it; `us-east-1` for an endpoint on this machine. */
  readonly region?: string;
  /** Default: as the SDK finds them; made up for an endpoint on this machine, where nobody checks them. */
  readonly credentials?: NonNullable<SQSClientConfig['credentials']>;
  /** How long one request may take, milliseconds. Default 30,000. */
  readonly requestMs?: number;
}

/**
 * A client for sending: it throws on every timeout (by default the SDK waits for ever, and warns), keeps to the endpoint whatever a queue's
 * URL says, and leaves MD5 sums to TLS and the request's signature.
 */
export function sqsClient(
  { endpoint, region, credentials, requestMs = 30_000 }: SqsClientOptions,
  { sockets, attempts }: { readonly sockets: number; readonly attempts: number },
): SQSClient {
  const local = endpoint !== undefined && isLocal(endpoint);
  return new SQSClient({
    ...(endpoint === undefined ? undefined : { endpoint }),
    ...(region === undefined ? (local ? { region: 'us-east-1' } : undefined) : { region }),
    ...(credentials === undefined
      ? local
        ? { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }
        : undefined
      : { credentials }),
    useQueueUrlAsEndpoint: false,
    md5: false,
    maxAttempts: attempts,
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: requestMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: sockets },
      httpsAgent: { keepAlive: true, maxSockets: sockets },
    },
  });
}

/** Whether an endpoint is on this machine. */
export function isLocal(endpoint: string): boolean {
  const host = URL.parse(endpoint)?.hostname ?? '';
  return /^(127(\.\d+){3}|\[::1\]|(.+\.)?localhost)$/.test(host);
}

/** Checks an endpoint before anything starts. */
export function checkEndpoint(endpoint: string, where: string): string {
  const url = URL.parse(endpoint);
  if (url && /^https?:$/.test(url.protocol)) return endpoint;
  throw new ConfigError({
    where,
    expected: 'an http or https URL',
    got: JSON.stringify(endpoint),
    fix: "write it like 'http://127.0.0.1:4566', or leave it out for AWS itself",
  });
}
