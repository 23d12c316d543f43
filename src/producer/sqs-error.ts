/**
 * The code of an SQS or network error, without the prefix of SQS's older protocol: `QueueDoesNotExist`, `RequestThrottled`, `ECONNREFUSED` …
 */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, Code, name, errors } = error as Record<string, unknown>;
  // Several addresses of one host refused: Node wraps an error for each.
  const nested = Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : undefined;
  const found = [code, nested, Code, name].find((text) => typeof text === 'string' && text !== '') as
    | string
    | undefined;
  const bare = (found ?? 'unknown').replace(/^AWS\.SimpleQueueService\./, '');
  return bare === 'NonExistentQueue' ? 'QueueDoesNotExist' : bare;
}

const WORTH_ANOTHER_TRY =
  /^(ECONN|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|Timeout|RequestTimeout|Throttling|RequestThrottled|TooManyRequests|KmsThrottled|OverLimit|ServiceUnavailable|Internal|CredentialsProviderError|Expired)/;

/** Whether sending the same again may work: throttling, the network, a server's fault, credentials being renewed. */
export function isTransient(error: unknown): boolean {
  const { $metadata, $fault } = error as { $metadata?: { httpStatusCode?: number }; $fault?: string };
  return WORTH_ANOTHER_TRY.test(codeOf(error)) || $fault === 'server' || ($metadata?.httpStatusCode ?? 0) >= 500;
}
