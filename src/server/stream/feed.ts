import type { Problem } from '../problem.ts';
import type { Frame, Position } from './frame.ts';
import type { Looks, Place, Seen } from './look.ts';
import { heldWindows } from './held-windows.ts';
import type { Since } from './changes.ts';
import { startOf } from './resume.ts';

/** Who follows a table. */
export interface Follower {
  /** Whether its stream has begun: then what fails is told, and tried again. */
  hasBegun(): boolean;
  /** Takes a frame at once. With `reset`, what it holds of the table is of no use any more, and why. */
  take(frame: Frame, reset?: string): void;
  /** Is told that nothing can be told for a while. */
  trouble(problem: Problem): void;
}

/** One loop of looks for all who follow the same. It runs while there are any. */
export interface Feed {
  /**
   * @param held what the follower holds; `foreign`: something of no use; `undefined`: nothing.
   * @returns when it was given what it lacked.
   * @throws Problem where that fails, and its stream has not begun.
   */
  join(follower: Follower, held?: Position | 'foreign'): Promise<void>;
  leave(follower: Follower): void;
}

export interface FeedOptions {
  readonly looks: Looks;
  /** Whether windows may be gone without a trace; then nobody goes on at another server. */
  readonly mayVanish: boolean;
  /** Runs a look when it is its turn. */
  readonly turn: <T>(run: () => Promise<T>) => Promise<T>;
  /** Told of what should not happen. */
  readonly onError: (error: unknown) => Problem;
  /** When nobody is left. */
  readonly onEnd: () => void;
}

/** From one look to the next: half of it, and a look, is what a change waits on average. */
const EVERY_MS = 200;
/** A look that takes long is taken less often: so much of the time, one in four, the database works for it. */
const REST = 3;
/** How often the place is looked for again, so that what is read does not grow. */
const PLACE_MS = 30_000;
/** So often the watermark is told where nothing changed. */
const QUIET_MS = 1_000;
const MOST_REST_MS = 5_000;

interface Waiting {
  readonly held: Position | 'foreign' | undefined;
  readonly resolve: () => void;
  readonly reject: (problem: Problem) => void;
}

/** The later of two moments from which on windows are followed; `undefined`: all are. */
const later = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && BigInt(b) > BigInt(a)) ? b : a;

export function feed({ looks, mayVanish, turn, onError, onEnd }: FeedOptions): Feed {
  const following = new Set<Follower>();
  const waiting = new Map<Follower, Waiting>();
  const held = heldWindows();
  let place: (Place & { readonly at: number }) | undefined;
  let since: Since | undefined;
  let told = { at: Number.NEGATIVE_INFINITY, what: '' };
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  async function run(): Promise<void> {
    running = true;
    let took = 0;
    try {
      await turn(async () => {
        const began = performance.now();
        await look(began);
        took = performance.now() - began;
      });
      failures = 0;
    } catch (error) {
      fail(onError(error));
    }
    running = false;
    const rest = failures > 0 ? Math.min(MOST_REST_MS, 500 * 2 ** failures) : Math.max(EVERY_MS - took, REST * took);
    if (isEmpty()) end();
    else timer = setTimeout(() => void run(), Math.min(rest, MOST_REST_MS));
  }

  async function look(now: number): Promise<void> {
    let at = place && waiting.size === 0 && now - place.at <= PLACE_MS ? place : await find(now);
    if (following.size > 0 && since) since = await tellChanges(at, since, now);
    // whoever begins anew begins with the latest
    if (following.size > 0 && !since) at = await find(now);
    await admit(at);
  }

  /** What is followed never begins earlier than before: those who follow have not been told of it. */
  async function find(now: number): Promise<Place> {
    const next = await looks.place();
    const isSame = place?.database === next.database;
    if (place && !isSame) since = undefined;
    place = { ...next, us: isSame && since ? later(place?.us, next.us) : next.us, at: now };
    return place;
  }

  async function tellChanges(at: Place, last: Since, now: number): Promise<Since | undefined> {
    const seen = await looks.changes(at, last);
    if (!seen || held.changed(seen)) return undefined;
    const what = `${seen.watermark}/${seen.final}/${at.us}`;
    const isQuiet = seen.frame.rows.length === 0 && seen.frame.removed.length === 0;
    const isNews = failures > 0 || (what !== told.what && now - told.at >= QUIET_MS);
    if (!isQuiet || isNews) {
      told = { at: now, what };
      for (const follower of following) follower.take(seen.frame);
    }
    return seen.since;
  }

  /** Gives those who wait what they lack, in two looks at most, however many they are. */
  async function admit(at: Place): Promise<void> {
    const begin: [Follower, string | undefined][] = since
      ? []
      : [...following].map((each) => [each, 'too much changed']);
    const goOn: Follower[] = [];
    let oldest: bigint | undefined;
    const admitted = [...waiting];
    for (const [follower, { held: has }] of admitted) {
      const start = startOf(has, at, mayVanish);
      if (start === undefined)
        begin.push([follower, has === undefined ? undefined : 'what you hold cannot be gone on from']);
      else {
        goOn.push(follower);
        oldest = oldest === undefined || start < oldest ? start : oldest;
      }
    }
    if (oldest !== undefined) {
      const seen = await looks.changes(at, { xid: oldest, seen: [] });
      if (seen)
        give(
          seen,
          goOn.map((each) => [each, undefined]),
        );
      else for (const each of goOn) begin.push([each, 'too much changed']);
    }
    if (begin.length > 0) {
      const seen = await looks.whole(at);
      if (!seen) throw new Error('more windows began within a look than are followed');
      if (held.whole(seen, !since)) for (const each of following) begin.push([each, 'windows are gone']);
      give(seen, begin);
    }
    for (const [follower, { resolve }] of admitted) {
      if (waiting.delete(follower)) following.add(follower);
      resolve();
    }
  }

  function give(seen: Seen, followers: readonly (readonly [Follower, string | undefined])[]): void {
    since ??= seen.since;
    for (const [follower, reset] of followers)
      if (waiting.has(follower) || following.has(follower)) follower.take(seen.frame, reset);
  }

  function fail(problem: Problem): void {
    failures++;
    for (const [follower, { reject }] of waiting) {
      if (follower.hasBegun()) continue;
      waiting.delete(follower);
      reject(problem);
    }
    if (failures === 1) for (const each of [...following, ...waiting.keys()]) each.trouble(problem);
  }

  const isEmpty = (): boolean => following.size === 0 && waiting.size === 0;

  function end(): void {
    clearTimeout(timer);
    timer = undefined;
    onEnd();
  }

  return {
    join: (follower, has) =>
      new Promise((resolve, reject) => {
        following.delete(follower);
        waiting.set(follower, { held: has, resolve, reject });
        if (!running && !timer) void run();
      }),
    leave(follower) {
      following.delete(follower);
      waiting.get(follower)?.resolve();
      waiting.delete(follower);
      if (!running && isEmpty()) end();
    },
  };
}
