import { tap } from 'rxjs';
import { type Batch, memoryQueue, type Pipeline, startWorker, type Worker } from '../../src/index.ts';
import { type VirtualClock, virtualClock } from '../../src/testing/virtual-clock.ts';
import type { Message } from '../../src/custody.ts';
import { MICROS_PER_MS } from '../../src/event-time.ts';
import { SENT_AT } from '../support/message.ts';
import { dice } from './dice.ts';
import type { FuzzCase } from './fuzz-case.ts';
import { type Ground, ground } from './ground.ts';
import { messageBody } from './message-body.ts';
import { subjectOf } from './subjects.ts';
import { violationsIn } from './violations-in.ts';

/** What a case did, as far as it can be added up. */
export interface CaseResult {
  /** Sentences that say what was broken; none is a success. */
  readonly violations: readonly string[];
  readonly inputs: number;
  /** Good events that stood beside bad ones, each of them found again. */
  readonly planted: number;
  readonly committed: number;
  readonly rejected: number;
  readonly duplicates: number;
  /** How many rejects there are by reason. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** How many records each delivery was taken for. */
export type Decoded = { readonly message: Message; readonly records: number }[];

/** A pipeline and where it runs; kept over many cases where the ground is a real database. */
export interface Field {
  readonly pipeline: Pipeline;
  readonly ground: Ground;
  readonly decoded: Decoded;
}

/** Turns of the virtual clock that a case may take: some minutes of its time, far beyond what any needs. */
const MOST_TURNS = 20_000;
const TURN_MS = 25;
/** What one of the subjects keeps; older events are rejects. */
const RETENTION_MS = 30 * 86_400_000;

/** A field in memory for one case. */
export function field(subject: string, real?: (pipeline: Pipeline) => Ground): Field {
  const decoded: Decoded = [];
  const pipeline = subjectOf(subject).build(tap((batch) => decoded.push(...recordsOf(batch))));
  const made = real ? real(pipeline) : ground(pipeline);
  if (!real && subject === 'zod_strip') made.memory.setHorizon((SENT_AT - RETENTION_MS) * MICROS_PER_MS);
  return { pipeline, decoded, ground: made };
}

function* recordsOf(batch: Batch<unknown>): Generator<Decoded[number]> {
  const counts = new Map<Message, number>(batch.messages.map((message) => [message, 0]));
  for (const { message } of [...batch.entries, ...batch.rejects]) counts.set(message, (counts.get(message) ?? 0) + 1);
  for (const [message, records] of counts) yield { message, records };
}

/** Sends a case through the real graph: memory queue → decode → gather → transaction → store → acknowledge, and looks at what became of it. */
export async function runCase(
  { subject, messages }: FuzzCase,
  seed: number,
  on: Field = field(subject),
): Promise<CaseResult> {
  const sent = messages.map(messageBody);
  const clock = virtualClock(SENT_AT);
  const random = dice(seed).float;
  on.decoded.length = 0;
  const source = memoryQueue(sent, { clock, random, duplicates: 0.02, waitSeconds: 1 });
  const worker = startWorker(on.pipeline, { source, store: on.ground.store, clock, random });
  const stuck = await untilSettled(worker, clock, on.ground, () => {
    const { received, held } = source.stats();
    const { waiting, inFlight } = source.depth();
    return received >= sent.length && held + waiting + inFlight === 0;
  });
  const stats = worker.stats();
  await stop(worker, clock);
  const { committed, rejected, duplicates } = stats;
  const violations = stuck === undefined ? violationsIn(on, sent, stats) : [stuck];
  const reasons = reasonsOf(on.ground.memory);
  return {
    violations,
    reasons,
    planted: sent.reduce((n, { planted }) => n + planted.length, 0),
    committed,
    rejected,
    duplicates,
    inputs: messages.reduce((n, { records }) => n + records.length, 0),
  };
}

/** How many rejects a store keeps, by reason. */
export const reasonsOf = (store: Ground['memory']): Map<string, number> => {
  const reasons = new Map<string, number>();
  for (const { reason } of store.rejects()) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  return reasons;
};

/** Turns the clock until everything is acknowledged; what ended or stopped it otherwise is a sentence. */
async function untilSettled(
  worker: Worker,
  clock: VirtualClock,
  { idle }: Ground,
  isDone: () => boolean,
): Promise<string | undefined> {
  let ended: string | undefined;
  worker.done.catch((error: unknown) => {
    ended = `the worker ended: ${error instanceof Error ? error.message : 'with no error'}`;
  });
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    await clock.advance(TURN_MS);
    await idle();
    if (ended !== undefined) return ended;
    if (isDone()) return undefined;
  }
  return 'it hangs: not everything is acknowledged';
}

async function stop(worker: Worker, clock: VirtualClock): Promise<void> {
  let stopped = false;
  const stopping = worker.stop(1_000).finally(() => (stopped = true));
  for (let turn = 0; !stopped && turn < MOST_TURNS; turn++) await clock.advance(500);
  await stopping;
}
