interface SdkError {
  readonly name?: unknown;
  readonly Code?: unknown;
  readonly code?: unknown;
  readonly errors?: unknown;
}

/** Names that say nothing: the code is elsewhere. */
const GENERIC = new Set<unknown>([undefined, 'Error', 'AggregateError', 'SQSServiceException']);

/**
 * The one code of an SQS or network failure, which comes as `QueueDoesNotExist`, as `AWS.SimpleQueueService.NonExistentQueue`, or as a Node error
 * code, depending on the protocol, the server and the SDK's version.
 *
 * @example
 * codeOf(error); // 'QueueDoesNotExist', 'ECONNREFUSED', 'TimeoutError' …
 */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'Unknown';
  const { name, Code, code, errors } = error as SdkError;
  // Several addresses of one host refused: Node wraps an error for each.
  const nested = Array.isArray(errors) && errors.length > 0 ? codeOf(errors[0]) : undefined;
  const found = GENERIC.has(name) ? (code ?? nested ?? Code ?? name) : name;
  const bare = plainCode(typeof found === 'string' ? found : 'Unknown');
  return bare === 'NonExistentQueue' ? 'QueueDoesNotExist' : bare;
}

/** A code without the prefix of SQS's older protocol. */
export const plainCode = (code: string): string =>
  code.replace(/^(AWS\.SimpleQueueService\.|com\.amazonaws\.sqs#)/, '');
