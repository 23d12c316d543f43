import type { MemoryStore } from '../../src/sinks/memory.ts';
import type { Arrival } from '../../src/sources/queue.ts';
import type { Report } from '../../src/timekeeping.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';

export interface WatermarkOracleOptions {
  readonly store: MemoryStore;
  /** The store's clock. */
  readonly now: () => number;
  readonly skew: number;
  readonly lifeMs: number;
  /** Whether all that a message brings is in the store. */
  readonly isSafe: (body: string) => boolean;
  /** Whether the queue never says that it is empty when it is not. */
  readonly isTruthful: boolean;
  /** How many messages were sent before an instant of the queue's clock. */
  readonly sentBefore: (instant: number) => number;
}

/** Watches how far workers say they are, and what the store makes of it; throws at the first step that breaks an invariant. */
export interface WatermarkOracle {
  /** The queue handed out messages to a worker, and they will reach it, or not. */
  handedOut(worker: VirtualProcess, arrivals: readonly Arrival[], arrives: boolean): void;
  /** They reached a worker, which has custody of them until they are safe or given back. */
  custody(worker: VirtualProcess, arrivals: readonly Arrival[]): void;
  released(worker: VirtualProcess, handles: readonly string[]): void;
  /** A worker is about to say how far it is: never further than what it holds, nor than what nobody was given yet, or what is on its way to it. */
  saying(worker: VirtualProcess, report: Report): void;
  /** The store took a report: what it makes the watermark is no more than what each live worker said last. */
  told(worker: VirtualProcess, report: Report, moved: boolean): void;
  /** A worker is about to leave: it holds nothing. */
  leaving(worker: VirtualProcess): void;
  left(worker: VirtualProcess): void;
  /** After every step: the watermark never goes back. */
  look(): void;
  /** Whom the store takes for alive. */
  live(): VirtualProcess[];
}

/** After such a silence of all nobody counts as dead who lived when it began: a store that was away hears of nobody. */
const SILENCE_MS = 5_000;

export function watermarkOracle(options: WatermarkOracleOptions): WatermarkOracle {
  const { store, now, skew, lifeMs, isSafe, isTruthful, sentBefore } = options;
  const sentAt = new Map<string, number>();
  const held = new Map<VirtualProcess, Map<string, Arrival>>();
  const rows = new Map<
    VirtualProcess,
    { readonly low: number | undefined; readonly expiresAt: number; readonly woken?: true }
  >();
  let before = store.watermark();
  let toldAt = Number.POSITIVE_INFINITY;

  /** On their way for the first time, by worker. */
  const coming = new Map<VirtualProcess, Map<string, number>>();

  const heldBy = (worker: VirtualProcess): Map<string, Arrival> => {
    let messages = held.get(worker);
    if (!messages) held.set(worker, (messages = new Map()));
    return messages;
  };
  const live = () => [...rows].filter(([, { expiresAt }]) => expiresAt > now());

  function look(): void {
    const watermark = store.watermark();
    if (watermark === before) return;
    if (watermark === undefined || (before !== undefined && watermark < before))
      throw new Error(`the watermark went back from ${before} to ${watermark}`);
    before = watermark;
  }

  return {
    look,
    live: () => live().map(([worker]) => worker),
    handedOut(worker, arrivals, arrives) {
      const own = coming.get(worker) ?? new Map<string, number>();
      coming.set(worker, own);
      for (const { id, sentAt: sent, receiveCount } of arrivals) {
        sentAt.set(id, sent);
        if (arrives && receiveCount === 1) own.set(id, sent);
      }
    },
    custody(worker, arrivals) {
      for (const arrival of arrivals) {
        heldBy(worker).set(arrival.id, arrival);
        coming.get(worker)?.delete(arrival.id);
      }
    },
    released(worker, handles) {
      const messages = heldBy(worker);
      for (const { id, handle } of messages.values()) if (handles.includes(handle)) messages.delete(id);
    },
    saying(worker, { low, holding }) {
      if (low === undefined) return;
      const messages = heldBy(worker);
      for (const [id, { body, sentAt: sent }] of messages) {
        if (isSafe(body)) messages.delete(id);
        else if (low > sent) throw new Error(`a worker that holds a message sent at ${sent} says it is at ${low}`);
      }
      const times = [...sentAt.values()];
      // Otherwise it is where it settled a message, and SQS's disorder may bring an older one after that.
      if (holding || times.includes(low)) return;
      const given = times.filter((sent) => sent < low - skew).length;
      const sent = sentBefore(low - skew);
      if (given < sent)
        throw new Error(`a worker says the queue was empty at ${low}, when ${sent - given} messages had waited longer`);
      for (const sent of coming.get(worker)?.values() ?? [])
        if (isTruthful && sent < low - skew)
          throw new Error(`a worker says it is at ${low}, and a message sent at ${sent} is on its way to it`);
    },
    leaving(worker) {
      for (const { body } of heldBy(worker).values())
        if (!isSafe(body)) throw new Error(`a worker leaves with a message that is not safe: ${body}`);
    },
    told(worker, { low }, moved) {
      const silence = now() - toldAt;
      for (const [other, row] of silence > SILENCE_MS ? rows : [])
        if (row.expiresAt > toldAt && !row.woken)
          rows.set(other, { ...row, expiresAt: row.expiresAt + silence, woken: true });
      toldAt = now();
      rows.set(worker, { low, expiresAt: now() + lifeMs });
      const watermark = store.watermark();
      if (moved !== (watermark !== before)) throw new Error(`the watermark moved: expected ${!moved}; got ${moved}`);
      const lows = live().map(([, row]) => row.low ?? Number.NEGATIVE_INFINITY);
      const most = (Math.min(...lows) - skew) * 1_000;
      if (moved && (watermark as number) > most)
        throw new Error(`the watermark is ${watermark}, and a live worker allows ${most}`);
      look();
    },
    left: (worker) => void rows.delete(worker),
  };
}
