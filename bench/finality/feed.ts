import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { produce } from '../../src/producer/produce.ts';
import { sqsClient } from '../../src/producer/sqs-client.ts';
import { toSqs } from '../../src/producer/to-sqs.ts';
import type { Scene } from '../stage.ts';
import { type Beat, WINDOW_MS } from './beats.ts';

/** What the feeding process is told. */
export interface BeatTask extends Pick<Scene, 'endpoint' | 'region' | 'queueUrl' | 'accessKeyId' | 'secretAccessKey'> {
  readonly seconds: number;
  /**
   * Events a second, each sent when it happens. 0: all at once, an event for each window to come and each sensor; then nothing more, and the windows end
   * one after the other on a queue that stays empty.
   */
  readonly rate: number;
  readonly sensors: number;
}

/** What it answers when all is sent, milliseconds since 1970. */
export interface Fed {
  readonly from: number;
  readonly to: number;
}

const PACK = 50;

const [task] = (await once(process, 'message')) as [BeatTask];
const { endpoint, region, queueUrl, accessKeyId, secretAccessKey, seconds, rate, sensors } = task;
const client = sqsClient(
  { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
  { sockets: 4, attempts: 3 },
);
const sender = toSqs({ queue: { client, queueUrl }, pack: PACK, lingerMs: 20 });
const from = Date.now();

function* beats(): Generator<string> {
  const count = rate > 0 ? rate * seconds : seconds * sensors;
  for (let n = 0; n < count; n++) {
    const at = rate > 0 ? Date.now() : from + Math.floor(n / sensors) * WINDOW_MS;
    yield JSON.stringify({ id: randomUUID(), at, sensor: `sensor ${n % sensors}`, value: n % 100 } satisfies Beat);
  }
}

await produce({ events: beats(), sender, rate });
await sender.close();
client.destroy();
process.send?.({ from, to: rate > 0 ? Date.now() : from + seconds * WINDOW_MS } satisfies Fed);
process.disconnect?.();
