import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { CallFate } from './scenario.ts';

/** Fates of calls, one after the other, and again from the beginning, until the world heals. */
export interface Fates {
  next(): CallFate;
}

/** Nothing goes wrong. */
export const OK: CallFate = { kind: 'ok', ms: 5 };

/** @param healed whether nothing goes wrong any more. */
export function fates(list: readonly CallFate[], healed: () => boolean): Fates {
  let at = 0;
  return { next: () => (healed() ? OK : (list[at++ % list.length] ?? OK)) };
}

/** Calls under way that something is wrong with, and of whom. */
export type Troubles = Set<{ readonly process: VirtualProcess }>;

/** A call of a process to a server: `effect` is what the server does, and `lost` the error of a caller that gets no answer. */
export interface Call<T> {
  readonly world: VirtualClock;
  readonly process: VirtualProcess;
  readonly troubles: Troubles;
  readonly fate: CallFate;
  readonly effect: () => T | Promise<T>;
  readonly lost: () => Error;
}

/** Makes the call meet its fate; `odd` is as `ok` here. */
export function call<T>({ world, process, troubles, fate, effect, lost }: Call<T>): Promise<T> {
  const { kind, ms } = fate;
  const trouble = { process };
  if (fate !== OK) troubles.add(trouble);
  const wait = (time: number) => new Promise<void>((resolve) => world.after(time, resolve));
  const over = () => troubles.delete(trouble);

  async function met(): Promise<T> {
    await wait(ms);
    if (kind === 'lost-request') throw lost();
    const answer = await effect();
    if (kind === 'kill-after') process.kill();
    if (kind === 'lost-answer') throw lost();
    await wait(ms);
    return answer;
  }

  return process.outside(async () => {
    if (kind === 'kill-before') {
      process.kill();
      over();
      throw lost();
    }
    if (kind === 'late') {
      world.after(
        ms,
        () =>
          void Promise.resolve(effect())
            .catch(() => undefined)
            .finally(over),
      );
      throw lost();
    }
    return met().finally(over);
  });
}
