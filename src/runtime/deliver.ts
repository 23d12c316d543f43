import { type Clock, systemClock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { OpenSink, Parcel, SinkDefaults } from '../final-sink.ts';
import type { Claim, ClaimedWindow, Outbox } from '../outbox.ts';
import type { Pipeline } from '../pipeline.ts';
import { isPosted, isSinkBranch, type OverBranch, type SinkBranch } from '../when-final.ts';
import { takeAll } from './take-all.ts';

export interface DeliverOptions {
  /** Where sinks are that do not say it themselves. */
  readonly defaults?: SinkDefaults | undefined;
  readonly clock?: Clock;
  /** Told when a branch begins to fail, and when it is well again. */
  readonly warn?: (detail: string) => void;
}

/** What a run did; see `FinalWindow.delivery` for what is counted. */
export interface Delivered {
  readonly delivered: number;
  /** The branch's `when` refused them: they are done. */
  readonly skipped: number;
  /** They stay in the outbox, with the error. */
  readonly failed: number;
}

/** The deliveries of one worker. */
export interface Deliveries {
  /**
   * Delivers what is due, until nothing is.
   *
   * @throws StoreError when the outbox cannot be asked.
   */
  run(): Promise<Delivered>;
  /** Takes nothing any more, and resolves when what is under way has ended. */
  close(): Promise<void>;
}

/** A claim's sinks are opened and answer within this, or it failed; the lease is longer, so that nobody else sends meanwhile. */
const ATTEMPT_MS = 25_000;
const LEASE_MS = 60_000;

/**
 * Empties the outbox of a pipeline. Any number of workers may do so at once.
 *
 * Delivery: at least once. A crash between a send and its mark leaves the row claimed; after its lease somebody sends it again. A destination that takes
 * nothing is tried with one delivery a run until it takes that; then all that failed meanwhile is due. Others go on.
 */
export function deliveries(
  pipeline: Pipeline,
  outbox: Outbox,
  { defaults = {}, clock = systemClock, warn = () => undefined }: DeliverOptions = {},
): Deliveries {
  const branches = pipeline.finals.filter(isPosted);
  const opened = new Map<SinkBranch, OpenSink>();
  /** Since when a branch has taken nothing. */
  const failing = new Map<SinkBranch, number>();
  const running = new Map<SinkBranch | OverBranch, Promise<Delivered>>();
  let closed = false;

  async function openSink(branch: SinkBranch): Promise<OpenSink> {
    const known = opened.get(branch);
    if (known) return known;
    const sink = await branch.to.open(defaults);
    opened.set(branch, sink);
    // it took longer than anybody waited
    if (closed) sink.close();
    return sink;
  }

  async function send(branch: SinkBranch, parcels: readonly Parcel[]): Promise<ReadonlyMap<string, string>> {
    if (parcels.length === 0) return new Map();
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.after(ATTEMPT_MS, () => reject(new Error(`no answer within ${ATTEMPT_MS} ms`)));
    try {
      return await Promise.race([openSink(branch).then((sink) => sink.send(parcels)), late]);
    } catch (error) {
      const [why = ''] = messageOf(error).split('\n', 1); // what AWS says of a wrong signature goes on with the session's token
      return new Map(parcels.map(({ delivery }) => [delivery, why]));
    } finally {
      cancel();
    }
  }

  async function attempt(branch: SinkBranch, claim: Claim): Promise<Delivered> {
    const parcels: Parcel[] = [];
    const skipped: string[] = [];
    const failed = new Map<string, string>();
    for (const item of claim.items) {
      const { delivery } = item.window;
      try {
        const parcel = parcelOf(branch, item);
        if (parcel) parcels.push(parcel);
        else skipped.push(delivery);
      } catch (error) {
        failed.set(delivery, messageOf(error));
      }
    }
    for (const [delivery, why] of await send(branch, parcels)) failed.set(delivery, why);
    const arrived = parcels.map(({ delivery }) => delivery).filter((delivery) => !failed.has(delivery));
    await outbox.done(branch, [...skipped, ...arrived]);
    for (const why of new Set(failed.values())) {
      const those = [...failed].filter(([, reason]) => reason === why).map(([delivery]) => delivery);
      await outbox.failed(branch, claim, those, why);
    }
    if (parcels.length > 0) await judge(branch, arrived.length, failed.get(parcels[0]?.delivery ?? ''));
    return { delivered: arrived.length, skipped: skipped.length, failed: failed.size };
  }

  async function judge(branch: SinkBranch, arrived: number, why: string | undefined): Promise<void> {
    const since = failing.get(branch);
    if (why !== undefined && arrived === 0 && since === undefined) {
      failing.set(branch, clock.now());
      warn(
        `whenFinal '${branch.name}': ${branch.to.name} takes nothing (${why}). Kept in scalestream.outbox, and tried again`,
      );
    }
    if (arrived === 0 || since === undefined) return;
    failing.delete(branch);
    warn(`whenFinal '${branch.name}': ${branch.to.name} takes windows again`);
    await outbox.wake(branch, clock.now() - since);
  }

  async function runBranch(branch: SinkBranch): Promise<Delivered> {
    const total = { delivered: 0, skipped: 0, failed: 0 };
    while (!closed) {
      const most = failing.has(branch) ? 1 : (opened.get(branch)?.most ?? 1);
      const claim = await outbox.claim(branch, most, LEASE_MS);
      if (claim.items.length === 0) break;
      const done = await attempt(branch, claim);
      for (const kind of Object.keys(total) as (keyof Delivered)[]) total[kind] += done[kind];
      if (failing.has(branch)) break;
    }
    return total;
  }

  /** A branch with much to send goes on, whoever asks again meanwhile; it holds up no other one. */
  function joined(branch: SinkBranch | OverBranch): Promise<Delivered> {
    const known = running.get(branch);
    if (known) return known;
    const run = (isSinkBranch(branch) ? runBranch(branch) : takeAll(branch, outbox, () => closed)).finally(() =>
      running.delete(branch),
    );
    running.set(branch, run);
    return run;
  }

  async function run(): Promise<Delivered> {
    const ends = await Promise.allSettled(branches.map(joined));
    const total = { delivered: 0, skipped: 0, failed: 0 };
    for (const end of ends) {
      if (end.status === 'rejected') throw end.reason;
      for (const kind of Object.keys(total) as (keyof Delivered)[]) total[kind] += end.value[kind];
    }
    return total;
  }

  return {
    run,
    async close() {
      closed = true;
      await Promise.allSettled(running.values());
      for (const sink of opened.values()) sink.close();
    },
  };
}

export interface DeliverOnceOptions extends DeliverOptions {
  /** Begins with nothing more once so many milliseconds are over. Default: no limit. */
  readonly withinMs?: number;
}

/**
 * Delivers once what is due, without a worker.
 *
 * @throws StoreError when the outbox cannot be asked.
 * @example
 * await deliverOnce(storefront, postgresOutbox(database.connection, storefront)); // { delivered: 12, skipped: 3, failed: 0 }
 */
export async function deliverOnce(
  pipeline: Pipeline,
  outbox: Outbox,
  { withinMs, ...options }: DeliverOnceOptions = {},
): Promise<Delivered> {
  const { clock = systemClock } = options;
  const all = deliveries(pipeline, outbox, options);
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= all.close());
  const cancel = withinMs === undefined ? undefined : clock.after(withinMs, () => void close());
  try {
    return await all.run();
  } finally {
    cancel?.();
    await close();
  }
}

/** What is sent, or `undefined` where the branch refuses the window. */
function parcelOf(branch: SinkBranch, { window, line }: ClaimedWindow): Parcel | undefined {
  const wanted = branch.when(window);
  if (typeof wanted !== 'boolean') throw new TypeError(`when: expected true or false; got ${typeof wanted}`);
  if (!wanted) return undefined;
  const value = branch.body(window);
  if (value instanceof Promise) throw new TypeError('body: expected a value; got a promise. Fix: make it synchronous');
  const body = typeof value === 'string' ? value : JSON.stringify(value);
  if (body === undefined) throw new TypeError(`body: expected text or JSON; got ${typeof value}`);
  return { delivery: window.delivery, line, body: typeof value === 'string' ? body : sendable(body) };
}

/** The two characters that JSON may hold and SQS refuses. */
const sendable = (json: string): string => json.replaceAll('\uFFFE', '\\ufffe').replaceAll('\uFFFF', '\\uffff');
