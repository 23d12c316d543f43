import { declared, isRecord, knownOptions } from '../declared.ts';
import { type Duration, milliseconds } from '../duration.ts';
import type { Lookup } from '../lookup.ts';
import type { SchedulerLike } from 'rxjs';
import type { OnFailure } from './asking.ts';
import type { Backoff } from './backoff.ts';

/** What becomes of an event under whose key nothing is there. */
export type Missing = 'null' | 'reject' | 'wait';

export interface EnrichOptions<T, V, U> {
  /** What is looked up for an event; `null` for nothing: such an event is given `null`, whatever `missing` says. */
  readonly key: (event: T) => string | null | undefined;
  /** The event with what was found, in the form in which it is stored; `null` where nothing was. */
  readonly into: (event: T, found: V | null) => U;
  /**
   * Where nothing is there: `'null'` gives `into` a null; `'reject'` makes the event a reject, `not-found`; `'wait'` asks again until it is there,
   * and makes the event a reject once `patience` is over. Default `'null'`.
   */
  readonly missing?: Missing;
  /** How long an event waits for what is not there, from when it came; while the look-up fails does not count. Default `'1m'`. */
  readonly patience?: Duration;
  /** How old an answer may be. Nothing there is remembered for a tenth of it, 30 s at most, and not at all with `missing: 'wait'`. Default `'5m'`. */
  readonly ttl?: Duration;
  /** Most answers in memory; those go first that were least recently of use. Default 10,000. */
  readonly entries?: number;
  /** How long an answer may take before it is asked for again. Default `'2s'`. */
  readonly deadline?: Duration;
  /** How to ask again. Default: 100 ms to 30 s, without end. */
  readonly retry?: Backoff;
  /** Called before each wait of a failing look-up. */
  readonly onRetry?: OnFailure;
  /** Processing time. Default RxJS's `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

const MISSING: readonly unknown[] = ['null', 'reject', 'wait'];
const KNOWN = [
  'key',
  'into',
  'missing',
  'patience',
  'ttl',
  'entries',
  'deadline',
  'retry',
  'onRetry',
  'scheduler',
] as const;

/** A lookup's answer "nothing there" is never older. */
const MAX_ABSENT_MS = 30_000;

/**
 * Holds the options to what can work.
 *
 * @throws ConfigError
 */
export function enrichSettings<T, V, U>(lookup: Lookup<V>, options: EnrichOptions<T, V, U>) {
  const isLookup = isRecord(lookup) && typeof lookup.name === 'string' && typeof lookup.open === 'function';
  declared(isLookup, 'enrich', 'a look-up', lookup, "fromTable({ … }), or { name: 'mine', open: () => ({ find }) }");
  const where = `enrich ${lookup.name}`;
  knownOptions<EnrichOptions<T, V, U>>(options, KNOWN, where);
  const { key, into, missing = 'null', entries = 10_000 } = options;
  declared(typeof key === 'function', `${where} key`, 'a function of the event', key, '(e) => e.campaign');
  declared(typeof into === 'function', `${where} into`, 'a function', into, '(e, found) => ({ ...e, ...found })');
  declared(MISSING.includes(missing), `${where} missing`, "'null', 'reject' or 'wait'", missing, "missing: 'reject'");
  const isCount = Number.isSafeInteger(entries) && entries >= 1 && entries <= 10_000_000;
  declared(isCount, `${where} entries`, 'a whole number, 1 to 10,000,000', entries, 'entries: 10_000');
  const ttlMs = milliseconds(options.ttl ?? '5m', `${where} ttl`);
  return {
    key,
    into,
    missing,
    entries,
    ttlMs,
    absentMs: missing === 'wait' ? 0 : Math.min(ttlMs / 10, MAX_ABSENT_MS),
    patienceMs: milliseconds(options.patience ?? '1m', `${where} patience`),
    deadlineMs: milliseconds(options.deadline ?? '2s', `${where} deadline`),
  };
}
