import { concatMap, defer, finalize, map, type Observable, type OperatorFunction } from 'rxjs';
import { type Batch, mark } from '../batch.ts';
import { storable } from '../column.ts';
import { spoken } from '../duration.ts';
import type { Lookup } from '../lookup.ts';
import type { Reject } from '../reject.ts';
import { backoff } from './backoff.ts';
import { eachEvent } from './each-event.ts';
import { type EnrichOptions, enrichSettings } from './enrich-options.ts';
import { finding, type Found, type OnWaiting } from './finding.ts';
import { refuse } from './refuse.ts';
import { surroundings } from './surroundings.ts';

/**
 * Adds to each event what a look-up knows of its key. It stands before the transaction, so what was answered is stored with the event: windows and
 * `verify` ask nobody. A batch asks once, for the keys whose answers are not remembered, so it stands best behind `gather`.
 *
 * Delivery: batches pass in their order, one at a time, in custody meanwhile. A look-up that fails is asked again with backoff and nothing is dropped;
 * a failure that no repetition mends stops the worker, and its messages come back. An event whose callback throws is a reject, and so is, unless
 * `missing: 'null'`, one under whose key nothing is there. Custody says what a batch waits for: `enrich <name>`, then `…: no answer` or `…: not there`.
 * An event that comes again is a repeat whatever is answered then: the first answer stays.
 *
 * @throws ConfigError for options that cannot work.
 * @example
 * enrich(fromTable({ url, table: 'campaigns', key: 'id', columns: ['channel'] }), {
 *   key: (e: Order) => e.campaign,
 *   into: (e, found) => ({ ...e, channel: found?.channel ?? null }),
 * })
 */
export function enrich<T, V, U>(
  lookup: Lookup<V>,
  options: EnrichOptions<T, V, U>,
): OperatorFunction<Batch<T>, Batch<U>> {
  const settings = enrichSettings(lookup, options);
  const { key: read, into, missing, patienceMs } = settings;
  const {
    retry = backoff({ first: '100ms', cap: '30s' }),
    scheduler = surroundings().scheduler,
    onRetry = () => undefined,
  } = options;
  const { name } = lookup;
  const stage = `enrich ${name}`;
  const waitMs = missing === 'wait' ? patienceMs : 0;
  const waited = waitMs > 0 ? ` after ${spoken(waitMs)}` : '';

  function keyed(batch: Batch<T>): Batch<Keyed<T>> {
    const read$ = eachEvent<T, Keyed<T>, false>(batch, stage, (entry, entries) => {
      entries.push({ ...entry, value: { event: entry.value, key: checked(read(entry.value)) } });
    });
    return { ...batch, ...read$ };
  }

  function enriched(batch: Batch<Keyed<T>>, answers: Found<V>): Batch<U> {
    const absent: Reject[] = [];
    const { entries, rejects } = eachEvent<Keyed<T>, U, false>(batch, stage, (entry, done) => {
      const { event, key } = entry.value;
      const found = key === null ? null : (answers.get(key) ?? null);
      if (found === null && key !== null && missing !== 'null') {
        const why = `look-up '${name}' knows nothing of key '${key.slice(0, 100)}'${waited}. Fix: add it and send the event again`;
        absent.push(refuse(entry, stage, 'not-found', why));
      } else {
        done.push({ ...entry, value: into(event, found), json: undefined, enriched: true });
      }
    });
    return { ...batch, entries, rejects: absent.length > 0 ? [...rejects, ...absent] : rejects };
  }

  return (batches$) =>
    defer(() => {
      const open = lookup.open();
      const end = async (): Promise<void> => open.close?.();
      const { now, find } = finding(open, { ...settings, name, waitMs, retry, scheduler });

      const looked = (given: Batch<T>, came: number): Observable<Batch<U>> => {
        const batch = keyed(given);
        const hold = (where: string): void => mark(batch.messages, where, true);
        const waiting: OnWaiting = {
          onFailure(...failure) {
            hold(`${stage}: no answer`);
            onRetry(...failure);
          },
          onAbsent: () => hold(`${stage}: not there`),
        };
        hold(stage);
        return find(keysOf(batch), came, waiting).pipe(map((answers) => enriched(batch, answers)));
      };

      return batches$.pipe(
        map((batch) => {
          // Held from here on: it may wait for its turn as long as the look-up is down.
          mark(batch.messages, stage, true);
          return { batch, came: now() };
        }),
        concatMap(({ batch, came }) => looked(batch, came)),
        finalize(() => void end().catch(() => undefined)),
      );
    });
}

interface Keyed<T> {
  readonly event: T;
  readonly key: string | null;
}

/** Keys are compared with those of the answer, so they are text, and text that anybody can be asked for. */
function checked(key: unknown): string | null {
  if (key === null || key === undefined) return null;
  if (typeof key === 'string' && storable(key)) return key;
  const got = typeof key === 'string' ? 'text with half a character or a NUL' : `a ${typeof key}`;
  throw new TypeError(`key: expected text, or null; got ${got}. Fix: key: (e) => String(e.id)`);
}

const keysOf = (batch: Batch<Keyed<unknown>>): ReadonlySet<string> =>
  new Set(batch.entries.flatMap(({ value: { key } }) => (key === null ? [] : [key])));
