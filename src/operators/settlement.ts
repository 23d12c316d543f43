import type { Observable } from 'rxjs';
import type { Entry } from '../batch.ts';
import type { EventTable } from '../event-table.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { Reject } from '../reject.ts';
import type { Fold, Outcome, Store } from '../store.ts';
import { comparison } from './comparison.ts';
import { failureOf, halves, type Patiently } from './patiently.ts';
import { refuse } from './refuse.ts';
import { rejectSlices } from './slices.ts';

/** What one statement takes: distinct events and rejects. */
export interface Parts<T> {
  readonly entries: readonly Entry<T>[];
  readonly rejects: readonly Reject[];
}

export interface SettlementOptions<T> {
  readonly store: Store;
  /** The event table that decides which events are new. */
  readonly once: EventTable<T>;
  /** What the events contribute, and those that turn out to be unfit, by position. */
  readonly describe: (
    entries: readonly Entry<T>[],
  ) => Promise<{ readonly folds: readonly Fold[]; readonly unfit: ReadonlyMap<number, Reject> }>;
  readonly ask: Patiently;
}

/** What became of parts, in one statement or several. */
export type Settled = Omit<Outcome, 'repeats'>;

/** How the settling of parts goes, as those see it who wait for it. */
export interface Course {
  /** Emits when nobody waits any more: then nothing is tried again. */
  readonly ended: Observable<unknown>;
  /** The ids of events that became rejects instead of being stored; added to. */
  readonly refused: Set<string>;
}

/** Brings parts into the store; see {@link settlement}. */
export interface Settlement<T> {
  readonly settle: (parts: Parts<T>, course: Course) => Promise<Settled>;
  /**
   * Judges rivals of events that are settled: refuses those that are unfit and, unless the id alone decides, those that say something else than what is
   * stored now. `left` are those that are to be settled like any other.
   */
  readonly contest: (
    rivals: readonly Entry<T>[],
    course: Course,
  ) => Promise<{ readonly settled: Settled; readonly left: readonly Entry<T>[] }>;
}

/**
 * Brings events and rejects into the store, whatever it takes: repeats what failed or is unknown, halves what is too much or what one event spoils,
 * until that event stands alone as a reject. Events that were there already and say something else than what is stored become rejects.
 */
export function settlement<T>({ store, once, describe, ask }: SettlementOptions<T>): Settlement<T> {
  const compare = comparison<T>(store, ask);

  const commit = (parts: Parts<T>, folds: readonly Fold[], { ended }: Course): Promise<Outcome> => {
    const flush = { ...parts, folds };
    return ask(() => store.commit(flush), parts.entries.length + parts.rejects.length <= 1, ended);
  };

  async function settle(given: Parts<T>, course: Course): Promise<Settled> {
    const { entries, rejects } = withoutOld(given, store.horizon(), course);
    const { folds, unfit } = await describe(entries);
    if (unfit.size > 0) return settle(withoutUnfit({ entries, rejects }, unfit, course), course);
    const slices = [...rejectSlices(rejects)];
    if (slices.length > 1) {
      return each([{ entries, rejects: [] }, ...slices.map((slice) => ({ entries: [], rejects: slice }))], course);
    }
    let committed: Outcome;
    try {
      committed = await commit({ entries, rejects }, folds, course);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === 'horizon') return settle({ entries, rejects }, course);
      if (failure !== 'event' && failure !== 'slow') throw error;
      const parts = divided({ entries, rejects });
      if (parts) return each(parts, course);
      const [only] = entries;
      if (!only || failure === 'slow') throw error;
      course.refused.add(only.id);
      return settle({ entries: [], rejects: [refuse(only, 'store', 'refused-by-store', error)] }, course);
    }
    const { repeats, ...settled } = committed;
    const { conflicts } = await compare(at(entries, repeats), course.ended);
    return addOutcomes(settled, await kept(conflicts, course));
  }

  async function contest(rivals: readonly Entry<T>[], course: Course) {
    const young = withoutOld({ entries: rivals, rejects: [] }, store.horizon(), course);
    const { unfit } = await describe(young.entries);
    const { entries, rejects } = withoutUnfit(young, unfit, course);
    const compared = once.dedupe ? { conflicts: [], absent: entries } : await compare(entries, course.ended);
    return { settled: await kept([...rejects, ...compared.conflicts], course), left: compared.absent };
  }

  const kept = async (rejects: readonly Reject[], course: Course): Promise<Settled> =>
    rejects.length === 0 ? NOTHING : settle({ entries: [], rejects }, course);

  async function each(parts: readonly Parts<T>[], course: Course): Promise<Settled> {
    let outcome = NOTHING;
    for (const part of parts) outcome = addOutcomes(outcome, await settle(part, course));
    return outcome;
  }

  return { settle, contest };
}

const at = <I>(items: readonly I[], positions: readonly number[]): I[] =>
  positions.map((position) => items[position] as I);

/** Two smaller parts, or none where one thing is left: rejects apart from events first, since only one of them can be at fault. */
function divided<T>({ entries, rejects }: Parts<T>): readonly Parts<T>[] | undefined {
  if (entries.length > 0 && rejects.length > 0)
    return [
      { entries, rejects: [] },
      { entries: [], rejects },
    ];
  if (entries.length > 1) return halves(entries).map((half) => ({ entries: half, rejects: [] }));
  if (rejects.length > 1) return halves(rejects).map((half) => ({ entries: [], rejects: half }));
  return undefined;
}

/** The others; unfit events become rejects with what is stored of them, not with what the inner graph made of it. */
function withoutUnfit<T>({ entries, rejects }: Parts<T>, unfit: ReadonlyMap<number, Reject>, course: Course): Parts<T> {
  const refused = entries.flatMap((entry) => {
    const why = unfit.get(entry.position);
    if (!why) return [];
    course.refused.add(entry.id);
    return [refuse(entry, why.stage, why.reason, why.detail)];
  });
  return { entries: entries.filter((entry) => !unfit.has(entry.position)), rejects: [...rejects, ...refused] };
}

/** The events that are not behind the horizon, numbered by their place; the others become rejects. */
function withoutOld<T>({ entries, rejects }: Parts<T>, horizon: Micros, course: Course): Parts<T> {
  const old = entries.filter((entry) => entry.time < horizon);
  const kept = old.length === 0 ? entries : entries.filter((entry) => entry.time >= horizon);
  const numbered = kept.map((entry, position) => ({ ...entry, position }));
  if (old.length === 0) return { entries: numbered, rejects };
  for (const { id } of old) course.refused.add(id);
  const limit = new Date(horizon / MICROS_PER_MS).toISOString();
  const why = `older than the retention horizon ${limit}: it cannot be told from a repeat`;
  return {
    entries: numbered,
    rejects: [...rejects, ...old.map((entry) => refuse(entry, 'transaction', 'too-old', why))],
  };
}

/** Of no parts. */
export const NOTHING: Settled = { fresh: 0, late: 0, diverted: 0, windows: 0, rejects: 0 };

/** What became of two parts together. */
export const addOutcomes = (a: Settled, b: Settled): Settled => ({
  fresh: a.fresh + b.fresh,
  late: a.late + b.late,
  diverted: a.diverted + b.diverted,
  windows: a.windows + b.windows,
  rejects: a.rejects + b.rejects,
});
