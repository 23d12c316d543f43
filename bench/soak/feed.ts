import { once } from 'node:events';
import { produce } from '../../src/producer/produce.ts';
import { simulate } from '../../src/producer/simulate.ts';
import { sqsClient } from '../../src/producer/sqs-client.ts';
import { toSqs } from '../../src/producer/to-sqs.ts';

/** What the feeding process is told. */
export interface SoakTask {
  readonly endpoint: string;
  readonly region: string;
  readonly queueUrl: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Other seeds make other events. */
  readonly seed: number;
  /** Duplicates and bad ones included. */
  readonly events: number;
  /** Events a second. */
  readonly rate: number;
  readonly pack: number;
}

/** What it answers when all are sent. */
export interface Fed {
  readonly produced: number;
  readonly good: number;
  readonly duplicates: number;
  readonly bad: number;
  readonly messages: number;
  readonly seconds: number;
}

/** Sends live shop traffic at a rate, some of it twice, late, out of order or bad: a process of its own. */
const [task] = (await once(process, 'message')) as [SoakTask];
const { endpoint, region, queueUrl, credentials, seed, events, rate, pack } = task;
const client = sqsClient({ endpoint, region, credentials }, { sockets: 4, attempts: 5 });
const sender = toSqs({ queue: { client, queueUrl }, pack });
const traffic = simulate({
  seed,
  events,
  rate,
  // Event time goes with the clock: a minute behind it, so that nothing is ever in the future.
  startAt: Date.now() - 60_000,
  duplicates: 0.02,
  bad: 0.001,
  lateness: { share: 0.02, withinMs: 30_000 },
  disorder: { share: 0.1, withinMs: 500 },
});
const { messages, seconds } = await produce({ events: traffic.texts(), sender, rate });
await sender.close();
client.destroy();
process.send?.({ ...traffic.counts, messages, seconds } satisfies Fed);
process.disconnect?.();
