import { type MonoTypeOperatorFunction, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { type Batch, mark } from '../batch.ts';
import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import { surroundings } from './surroundings.ts';

export interface GatherOptions {
  /** Emits once so many events are gathered. A message stays whole, so a batch may hold more. */
  readonly events: number;
  /** Emits at the latest so long after the first event came. */
  readonly within: Duration;
  /** Emits once the gathered events weigh so many characters of JSON. Default 8 MiB. */
  readonly bytes?: number;
  /** Processing time. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * Gathers small batches into one: by events, by size, or by time, whichever comes first. What is gathered when the source completes is emitted.
 *
 * Delivery: keeps custody while it gathers; a crash loses nothing, since nothing was acknowledged.
 *
 * @example
 * gather({ events: 5_000, within: '100ms' })
 */
export function gather<T>(options: GatherOptions): MonoTypeOperatorFunction<Batch<T>> {
  const { events, within, bytes = 8 * 2 ** 20, scheduler = surroundings().scheduler } = options;
  const delay = milliseconds(within, 'gather within');
  atLeastOne(events, 'events');
  atLeastOne(bytes, 'bytes');
  if (delay > LONGEST_MS) {
    throw new ConfigError({
      where: 'gather within',
      expected: 'an hour at most',
      got: within,
      fix: "'100ms' is plenty",
    });
  }
  return (source) =>
    new Observable((subscriber) => {
      let gathered: Batch<T>[] = [];
      let size = 0;
      let weight = 0;
      let timer: Subscription | undefined;

      const emit = (): void => {
        timer?.unsubscribe();
        timer = undefined;
        if (gathered.length === 0) return;
        const batch = concatenate(gathered);
        gathered = [];
        size = 0;
        weight = 0;
        mark(batch.messages, 'gather');
        subscriber.next(batch);
      };

      const subscription = source.subscribe({
        next: (batch) => {
          mark(batch.messages, 'gather', true);
          gathered.push(batch);
          size += batch.entries.length + batch.rejects.length;
          weight += weightOf(batch);
          if (size >= events || weight >= bytes) emit();
          else timer ??= scheduler.schedule(emit, delay);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          emit();
          subscriber.complete();
        },
      });
      return () => {
        timer?.unsubscribe();
        subscription.unsubscribe();
      };
    });
}

/** What is gathered is in custody, and its messages' leases are renewed all the while. */
const LONGEST_MS = 3_600_000;

function atLeastOne(value: number, what: string): void {
  if (value >= 1) return;
  throw new ConfigError({ where: `gather ${what}`, expected: '1 or more', got: String(value), fix: 'events: 5_000' });
}

function concatenate<T>(batches: readonly Batch<T>[]): Batch<T> {
  const [only] = batches;
  if (batches.length === 1 && only) return only;
  return {
    entries: batches.flatMap((batch) => batch.entries),
    rejects: batches.flatMap((batch) => batch.rejects),
    messages: batches.flatMap((batch) => batch.messages),
    filtered: batches.reduce((total, batch) => total + batch.filtered, 0),
  };
}

function weightOf(batch: Batch<unknown>): number {
  let weight = 0;
  for (const entry of batch.entries) weight += entry.raw.length;
  for (const reject of batch.rejects) weight += reject.body.length;
  return weight;
}
