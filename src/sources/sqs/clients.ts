import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Access, type SqsCall, sqsCalls } from './calls.ts';
import type { SqsSourceOptions } from './options.ts';

/** The SDK's client, for what is asked once or seldom. Its every call has a timeout that throws: by default the SDK has none. */
export function sqsClient(options: SqsSourceOptions): SQSClient {
  const config: SQSClientConfig = {
    md5: false,
    // Otherwise the host in a queue's URL wins over the endpoint.
    useQueueUrlAsEndpoint: false,
    maxAttempts: 3,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 3_000,
      requestTimeout: 5_000,
      throwOnRequestTimeout: true,
    }),
  };
  if (options.region !== undefined) config.region = options.region;
  if (options.endpoint !== undefined) config.endpoint = options.endpoint;
  if (options.credentials !== undefined) config.credentials = options.credentials;
  return new SQSClient(config);
}

/** Two pools, so that polls, which occupy a socket for seconds, never make a delete or a lease wait for one. */
export interface SqsPools {
  readonly poll: SqsCall;
  readonly call: SqsCall;
  readonly close: () => void;
}

const CALL_SOCKETS = 32;
const SPARE_SOCKETS = 2;

/** Pools that ask where, and as whom, the client asks. */
export async function sqsPools(client: SQSClient, options: SqsSourceOptions, maxPollers: number): Promise<SqsPools> {
  const access = await accessOf(client, options);
  const polls = sqsCalls(access, maxPollers + SPARE_SOCKETS);
  const calls = sqsCalls(access, CALL_SOCKETS);
  return {
    poll: polls.call,
    call: calls.call,
    close() {
      polls.close();
      calls.close();
    },
  };
}

async function accessOf({ config }: SQSClient, { endpoint }: SqsSourceOptions): Promise<Access> {
  const region = await config.region();
  const signer = await config.signer();
  const [UseFIPS, UseDualStack] = await Promise.all([config.useFipsEndpoint(), config.useDualstackEndpoint()]);
  const parameters = { Region: region, UseFIPS, UseDualStack, ...(endpoint !== undefined && { Endpoint: endpoint }) };
  return {
    endpoint: config.endpointProvider(parameters).url,
    sign: (request, signingDate) => signer.sign(request, { signingDate }),
  };
}
