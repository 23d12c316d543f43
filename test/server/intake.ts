import { inject, onTestFinished } from 'vitest';
import type { Pipeline } from '../../src/pipeline.ts';
import storefront from '../../src/pipelines/storefront.ts';
import {
  type Ingest,
  type IngestAnswer,
  type IngestOptions,
  type MetricsApi,
  metricsApi,
  type MetricsApiOptions,
  openIngest,
  readDatabase,
} from '../../src/server/index.ts';
import { messagesOf } from '../producer/received.ts';
import { type FreshQueue, freshQueue } from '../support/queue.ts';
import { type SqsProxy, sqsProxy } from '../support/sqs-proxy.ts';

/** A way into a queue of its own, behind a proxy that can misbehave, and the API over it. Gone when the test is over. */
export interface Intake {
  readonly queue: FreshQueue;
  readonly proxy: SqsProxy;
  readonly ingest: Ingest;
  readonly app: MetricsApi;
  /** What was warned of, and what failed. */
  readonly lines: readonly string[];
  /** Sends a body to the pipeline; JSON, unless a header says otherwise. */
  post(body: NonNullable<RequestInit['body']>, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The messages that the queue has got, and takes them out. */
  bodies(): Promise<string[]>;
}

export interface IntakeOptions extends Partial<IngestOptions> {
  readonly pipeline?: Pipeline;
  readonly api?: Partial<MetricsApiOptions>;
}

export async function intake({ pipeline = storefront, api, ...options }: IntakeOptions = {}): Promise<Intake> {
  const { sqsEndpoint, region } = inject('servers');
  const queue = await freshQueue();
  const proxy = await sqsProxy(sqsEndpoint);
  const lines: string[] = [];
  const ingest = await openIngest({
    queue: queue.name,
    endpoint: proxy.endpoint,
    region,
    onWarning: (line) => void lines.push(line),
    ...options,
  });
  // nothing of what is tested asks it
  const database = readDatabase({ url: 'postgres://127.0.0.1:1/nowhere' });
  const app = metricsApi({
    pipelines: [pipeline],
    database,
    ingest: new Map([[pipeline.name, ingest]]),
    onError: (line) => lines.push(line),
    ...api,
  });
  onTestFinished(async () => {
    await proxy.close();
    await ingest.close(10_000);
    await database.close();
    await queue.drop();
  });
  return {
    queue,
    proxy,
    ingest,
    app,
    lines,
    post: async (body, headers) =>
      app.request(`/v1/events/${pipeline.name}`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      }),
    bodies: async () => (await messagesOf(queue)).map(({ Body = '' }) => Body),
  };
}

/** What became of the events, whatever the status. */
export const answerOf = (response: Response): Promise<IngestAnswer & { readonly unsent?: readonly number[] }> =>
  response.json() as Promise<IngestAnswer>;

let made = 0;

/** A good event of the storefront, but for what is given. */
export const view = (given: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  id: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
  type: 'page_view',
  at: new Date(Date.now() - 60_000).toISOString(),
  user: 'u1',
  session: 's1',
  product: 'tea',
  country: 'DE',
  device: 'mobile',
  ...given,
});

/** The same without its id. */
export function nameless(given: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const { id: _, ...event } = view(given);
  return event;
}
