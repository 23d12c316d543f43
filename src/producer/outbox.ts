import type { Outgoing } from './encode.ts';
import { SQS_MAX_BYTES } from './encode.ts';

/** Messages on their way to SQS, from the moment their events are sealed to the moment SQS acknowledged them. */
export interface Outbox {
  /** Takes messages, or what will become messages of about `bytes`. Rejects as `made` does, and then holds nothing of it. */
  put(made: readonly Outgoing[] | Promise<readonly Outgoing[]>, bytes: number): Promise<void>;
  /** Sends what is there now, and what is being made, without waiting for full batches. */
  push(): void;
  /** `undefined` while there is room; otherwise resolves when there is. Rejects when the outbox failed. */
  room(): Promise<void> | undefined;
  /** Resolves when everything is acknowledged. Rejects when the outbox failed. */
  idle(): Promise<void>;
  /** Resolves when no request is under way, failed or not. */
  landed(): Promise<void>;
  /** What ended it, if anything did. */
  readonly failure: Error | undefined;
}

const BATCH_MESSAGES = 10;

/**
 * Keeps up to `concurrency` requests under way, each a batch of up to ten messages and 1 MiB. A batch goes when it is full, or after
 * {@link Outbox.push}. Holds at most about `concurrency` MiB beyond what is in requests.
 *
 * @param transmit resolves when SQS acknowledged every message of the batch; a rejection ends the outbox: what it still holds is given up.
 */
export function outbox(concurrency: number, transmit: (batch: readonly Outgoing[]) => Promise<void>): Outbox {
  let ready: Outgoing[] = [];
  let readyBytes = 0;
  let making = 0;
  let makingBytes = 0;
  let requests = 0;
  let due = false;
  let failure: Error | undefined;
  let waiting: (() => void)[] = [];

  const hasRoom = () =>
    readyBytes + makingBytes < concurrency * SQS_MAX_BYTES && ready.length + making < concurrency * BATCH_MESSAGES;
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  const unlessFailed = async (holds: () => boolean) => {
    await until(() => failure !== undefined || holds());
    if (failure) throw failure;
  };
  const wake = () => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };

  function dispatch(): void {
    while (requests < concurrency && ready.length > 0) {
      const batch = nextBatch(ready);
      const full = batch.length === BATCH_MESSAGES || batch.length < ready.length;
      if (!full && !due) break;
      ready.splice(0, batch.length);
      for (const message of batch) readyBytes -= message.bytes;
      requests++;
      void fly(batch);
    }
    if (ready.length === 0 && making === 0) due = false;
    wake();
  }

  async function fly(batch: readonly Outgoing[]): Promise<void> {
    try {
      await transmit(batch);
    } catch (error) {
      failure ??= error as Error;
      ready = [];
      readyBytes = 0;
    }
    requests--;
    dispatch();
  }

  return {
    async put(made, bytes) {
      making++;
      makingBytes += bytes;
      try {
        const messages = made instanceof Promise ? await made : made;
        if (failure) throw failure;
        ready.push(...messages);
        for (const message of messages) readyBytes += message.bytes;
      } finally {
        making--;
        makingBytes -= bytes;
        dispatch();
      }
    },
    push() {
      due = true;
      dispatch();
    },
    room: () => (failure || !hasRoom() ? unlessFailed(hasRoom) : undefined),
    idle: () => unlessFailed(() => ready.length + making + requests === 0),
    landed: () => until(() => requests === 0),
    get failure() {
      return failure;
    },
  };
}

/** The first messages, as many as fit one request. */
function nextBatch(ready: readonly Outgoing[]): readonly Outgoing[] {
  let bytes = 0;
  let count = 0;
  for (const message of ready) {
    bytes += message.bytes;
    if (count === BATCH_MESSAGES || bytes > SQS_MAX_BYTES) break;
    count++;
  }
  return ready.slice(0, count);
}
