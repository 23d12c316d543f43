import type { SQSClientConfig } from '@aws-sdk/client-sqs';
import type { PullOptions } from '../pull-options.ts';

/** Where an SQS queue is and who asks; see {@link PullOptions} for how it is consumed. */
export interface SqsSourceOptions extends PullOptions {
  /** Name or URL of the queue. A URL as the server itself gives it; calls go to `endpoint` whatever its host. */
  readonly queue: string;
  /** Days that events are kept, where they are not for ever: a queue that keeps messages longer is warned of. */
  readonly keepDays?: number | undefined;
  /** Default: AWS's provider chain (`AWS_REGION`, profile). */
  readonly region?: string | undefined;
  /** Such as `http://127.0.0.1:4566` or a VPC endpoint. Default: the region's own. Pass what `AWS_ENDPOINT_URL_SQS` says. */
  readonly endpoint?: string | undefined;
  /**
   * Credentials, or better a provider of them: temporary ones expire, and only a provider can be asked again.
   * Default: AWS's provider chain.
   */
  readonly credentials?: SQSClientConfig['credentials'];
}
