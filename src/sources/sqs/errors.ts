import { codeOf, plainCode } from '../../sqs-code.ts';
import type { Failure, Outcome } from '../queue.ts';

/** Codes as {@link codeOf} gives them. */
const REFUSED =
  /^(QueueDoesNotExist|InvalidAddress|InvalidSecurity|UnsupportedOperation|AccessDenied.*|Kms(?!Throttled).*)$/;
const THROTTLED = /^(RequestThrottled|Throttl.*|TooManyRequestsException|KmsThrottled|OverLimit)$/;
const CREDENTIALS =
  /^(CredentialsProviderError|ExpiredToken.*|UnrecognizedClientException|InvalidClientTokenId|InvalidAccessKeyId|SignatureDoesNotMatch|MissingAuthenticationToken|IncompleteSignature|RequestExpired)$/;
const STALE = /^(ReceiptHandleIsInvalid|MessageNotInflight)$/;
const STALE_TEXT = /not available for visibility timeout change|receipt handle has expired|not in ?flight/i;

interface SdkError {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Why a call failed as a whole; what is unknown is taken for a fault of the network or the server, which may heal. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (REFUSED.test(code)) return 'refused';
  if (THROTTLED.test(code)) return 'throttled';
  const status = (error as SdkError | null)?.$metadata?.httpStatusCode;
  if (CREDENTIALS.test(code) || status === 401 || status === 403) return 'credentials';
  return 'network';
}

/** The parts of a `Failed` entry that decide what to do about it. */
export interface FailedEntry {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}

/** What a `Failed` entry of a batch call answered with HTTP 200 means. */
export function outcomeOfFailed(entry: FailedEntry): Outcome {
  if (isStale(entry.Code ?? '', entry.Message ?? '')) return 'stale';
  return entry.SenderFault === true ? 'refused' : 'retry';
}

function isStale(code: string, text: string): boolean {
  return STALE.test(plainCode(code)) || STALE_TEXT.test(text);
}
