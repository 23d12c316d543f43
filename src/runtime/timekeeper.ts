import type { Clock } from '../clock.ts';
import { droppedText } from '../dropped.ts';
import { messageOf, StoreError } from '../errors.ts';
import { every } from '../every.ts';
import type { Source } from '../source.ts';
import type { Report, Timekeeping } from '../timekeeping.ts';
import type { Deliveries } from './deliver.ts';
import type { Vitals } from '../vitals.ts';
import { lowOf } from './low.ts';

/** How often a worker looks whether there is something to report. */
const LOOK_MS = 250;
/** And reports at least, so that it counts as alive. */
const ALIVE_MS = 2_000;
/** While messages are held their oldest changes all the time. */
const HOLDING_MS = 500;
/** Revisions are announced so often at least, though the watermark may stand still. */
const TICK_MS = 5_000;
/** What waits for another try is looked at so often at least. */
const DELIVER_MS = 1_000;
/** A day's partition is made and dropped once a day; this often it is looked at. */
const RETAIN_MS = 600_000;

/** A worker's timekeeping; see {@link timekeeper}. */
export interface Timekeeper {
  /** Ends it; `settled` says that the worker holds nothing any more, so that nobody waits for it. */
  stop(settled: boolean): Promise<void>;
}

/**
 * Tells the store how far the worker is, and makes windows final where that moved the watermark. A store that is down is told later.
 *
 * @param failed called with what the worker cannot go on after: another version took over, or the store refuses.
 */
export function timekeeper(options: {
  readonly source: Source;
  readonly time: Timekeeping;
  readonly vitals: () => Vitals;
  readonly deliveries: Deliveries;
  readonly clock: Clock;
  readonly failed: (error: StoreError) => void;
  /** Told what did not work and is tried again later. */
  readonly warn: (detail: string) => void;
}): Timekeeper {
  const { source, time, vitals, deliveries, clock, failed, warn } = options;
  let reading: { readonly store: number; readonly local: number } | undefined;
  let told: { readonly at: number; readonly report: Report } | undefined;
  let tickedAt = clock.now();
  let notBefore = 0;
  let stopped = false;
  let retainedAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;
  let ticking: Promise<void> | undefined;
  let deliveredAt = clock.now();
  let retaining: Promise<void> | undefined;
  let closing = true;

  /** The store read its clock before its answer arrived, so this is never ahead of it. */
  const storeTime = (ms: number): number | undefined => reading && reading.store + (ms - reading.local);

  function isDue(report: Report): boolean {
    if (clock.now() < notBefore) return false;
    if (!told) return true;
    const age = clock.now() - told.at;
    // Something older came: nobody may pass it.
    if (report.low !== undefined && report.low < (told.report.low ?? 0)) return true;
    if (age >= ALIVE_MS || report.low === undefined || told.report.low === undefined) return age >= LOOK_MS;
    return report.low > told.report.low && age >= (report.holding ? HOLDING_MS : LOOK_MS);
  }

  async function tell(report: Report): Promise<void> {
    told = { at: clock.now(), report };
    const { clock: store, moved } = await time.report({ ...report, vitals: vitals() });
    reading = { store, local: clock.now() };
    if (moved || clock.now() - tickedAt >= TICK_MS) ticking ??= guarded(tick).finally(() => (ticking = undefined));
    if (clock.now() - deliveredAt >= DELIVER_MS) deliver();
    if (clock.now() - retainedAt >= RETAIN_MS) retaining ??= retain().finally(() => (retaining = undefined));
  }

  async function tick(): Promise<void> {
    tickedAt = clock.now();
    try {
      const { final, revised } = await time.tick();
      if (!closing) warn('windows are closed again');
      closing = true;
      if (final + revised > 0) deliver();
    } catch (error) {
      if (closing && isPassing(error)) warn(`windows stay open: ${messageOf(error)}; it is tried again`);
      closing = false;
      throw error;
    }
  }

  /** Beside the ticks: a destination that is slow holds up no window, and windows that cannot be closed hold up no delivery. */
  function deliver(): void {
    deliveredAt = clock.now();
    void guarded(async () => {
      try {
        await deliveries.run();
      } catch (error) {
        if (isOfWindow(error)) warn(`deliveries: ${messageOf(error)}; it is tried again`);
        throw error;
      }
    });
  }

  async function retain(): Promise<void> {
    retainedAt = clock.now();
    await time
      .retain((dropped) => warn(droppedText(dropped)))
      .catch((error: unknown) => warn(`retention: ${messageOf(error)}; it is tried again`));
  }

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      notBefore = clock.now() + ALIVE_MS;
      if (!isPassing(error) && !stopped)
        failed(error instanceof StoreError ? error : new StoreError('fatal', 'time', String(error)));
    }
  }

  function look(): void {
    if (underWay) return;
    const report = lowOf(source.progress(), storeTime);
    if (isDue(report)) underWay = guarded(() => tell(report)).finally(() => (underWay = undefined));
  }

  look();
  const cancel = every(LOOK_MS, clock, look);
  return {
    async stop(settled) {
      stopped = true;
      cancel();
      await underWay;
      // A tick may have much to close, and whoever goes on does it as well: nobody should wait for this worker meanwhile.
      if (settled) await time.leave().catch(() => undefined);
      await Promise.all([ticking, retaining, deliveries.close()]);
    },
  };
}

/** What one window causes, which keeps itself from going on: no reason to stop for the others. */
const isOfWindow = (error: unknown): boolean => error instanceof StoreError && error.failure === 'event';

const isPassing = (error: unknown): boolean =>
  isOfWindow(error) || (error instanceof StoreError && (error.failure === 'retry' || error.failure === 'slow'));
