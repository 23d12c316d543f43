import { seededRandom } from '../../src/producer/random.ts';
import type { DeleteGuard } from './delete-guard.ts';
import { flushFaults } from './flush-faults.ts';
import { type PostgresFaultProxy, postgresFaultProxy } from './postgres-fault-proxy.ts';
import { queueTreatment } from './queue-treatment.ts';
import type { Recovery } from './recovery.ts';
import { sqsFaultProxy } from './sqs-fault-proxy.ts';
import { sqsFaults } from './sqs-faults.ts';
import type { LineOfWork, Stage } from './stage.ts';
import type { Tally } from './tally.ts';
import { type WorkerSlot, workerSlot } from './worker-slot.ts';

/** The place of one worker, with the proxies that all of its processes go through. */
export interface Post {
  readonly name: string;
  readonly work: LineOfWork;
  readonly worker: WorkerSlot;
  readonly postgres: PostgresFaultProxy;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the worker was last heard of. */
  silent(): number;
  close(): Promise<void>;
}

export interface PostOptions {
  readonly stage: Stage;
  readonly work: LineOfWork;
  readonly index: number;
  readonly seed: number;
  readonly guard: DeleteGuard;
  readonly recovery: Recovery;
  readonly tally: Tally;
  readonly deleteFirst: boolean;
  readonly isFaulty: () => boolean;
  /** All posts, this one included once it is made. */
  readonly held: Set<number>[];
  readonly onViolation: (what: string) => void;
  readonly onFailure: (what: string) => void;
}

export const VISIBILITY_SECONDS = 6;
/** So many messages a worker holds at most: what a kill sends back is then bounded, and flushes are many. */
const MAX_MESSAGES = 24;
const GRACE = '8s';

/** The arguments of a worker. */
export const workerArgs = ({ file }: LineOfWork, name: string): string[] => [
  'run',
  file,
  '--visibility',
  `${VISIBILITY_SECONDS}s`,
  '--grace',
  GRACE,
  '--max-messages',
  String(MAX_MESSAGES),
  '--worker',
  name,
  '--json',
];

export async function openPost(options: PostOptions): Promise<Post> {
  const { stage, work, index, seed, guard, recovery, tally, isFaulty, held, onFailure, onViolation } = options;
  const name = `${work.line} ${index + 1}`;
  const mine = new Set<number>();
  held.push(mine);
  let heard = performance.now();
  /** Streams of numbers that no other post and no other action shares. */
  const dice = (stream: string) => seededRandom(seed * 1_009 + index * 101 + hashOf(stream));
  const draw = sqsFaults(dice);
  const { treat } = queueTreatment({
    ...work,
    guard,
    tally,
    onViolation,
    random: dice('effects'),
    deleteFirst: options.deleteFirst,
    fault: (action) => {
      heard = performance.now();
      const fault = draw(action);
      return isFaulty() ? fault : undefined;
    },
    onDelivered: ({ serial, settled }) => void (settled || mine.add(serial)),
    onSafe({ serial }) {
      for (const each of held) each.delete(serial);
      if (work.line === 'storefront') recovery.safe(serial);
    },
  });
  const sqs = await sqsFaultProxy(stage.queue.endpoint, treat);
  const drawFlush = flushFaults(dice('flushes'));
  const postgres = await postgresFaultProxy({
    fault() {
      const fault = drawFlush();
      return isFaulty() ? fault : undefined;
    },
    onFlush({ committed, fresh, lost, error }) {
      heard = performance.now();
      if (committed) {
        recovery.committed();
        tally.add('seen events committed', fresh);
        tally.add(fresh > 0 ? 'seen flushes committed' : 'seen flushes of repeats only');
        if (lost) tally.add(fresh > 0 ? 'seen answers lost after a commit' : 'seen answers lost of repeats only');
      } else if (error !== undefined) tally.add(`seen flush error ${error}`);
    },
    onStrike: (strike) => tally.add(`fault postgres ${strike}`),
  });
  postgres.lead(stage.postgres.port);
  const url = new URL(stage.postgres.url);
  url.port = String(postgres.port);
  const env = {
    ...stage.env,
    SCALESTREAM_QUEUE: work.queue,
    DATABASE_URL: url.href,
    AWS_ENDPOINT_URL_SQS: sqs.endpoint,
  };
  const worker = workerSlot({
    name,
    args: workerArgs(work, name),
    env,
    tally,
    onFailure,
    onGone(killed) {
      heard = performance.now();
      // Recovery is measured where there is always work to do and somebody else to do it.
      if (killed && work.line === 'storefront') recovery.died(mine);
      mine.clear();
    },
  });
  return {
    name,
    work,
    worker,
    postgres,
    env,
    silent: () => performance.now() - heard,
    async close() {
      await worker.close();
      await Promise.all([sqs.close(), postgres.close()]);
    },
  };
}

const hashOf = (text: string): number => Buffer.from(text).reduce((sum, byte) => (sum * 31 + byte) % 65_537, 7);
