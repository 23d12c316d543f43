import { codeOf } from '../sqs-code.ts';

const WORTH_ANOTHER_TRY =
  /^(ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|Timeout|RequestTimeout|Throttling|RequestThrottled|TooManyRequests|KmsThrottled|OverLimit|ServiceUnavailable|Internal|CredentialsProviderError|Expired)/;

/** Whether sending the same again may work: throttling, the network, a server's fault, credentials being renewed. */
export function isTransient(error: unknown): boolean {
  const { $metadata, $fault } = error as { $metadata?: { httpStatusCode?: number }; $fault?: string };
  return WORTH_ANOTHER_TRY.test(codeOf(error)) || $fault === 'server' || ($metadata?.httpStatusCode ?? 0) >= 500;
}
