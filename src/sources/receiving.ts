import type { ReceivingMs } from '../source.ts';

/** What a source is about: it fetches what waits, may not, or finds the queue empty. */
export type Phase = keyof ReceivingMs;

/** For how long a source was in which phase. */
export interface Receiving {
  readonly turn: (phase: Phase, now: number) => void;
  readonly read: (now: number) => ReceivingMs;
}

export function receiving(start: number): Receiving {
  const spent = { busy: 0, backpressured: 0, idle: 0 };
  let phase: Phase = 'idle';
  let since = start;

  function turn(next: Phase, now: number): void {
    spent[phase] += now - since;
    since = now;
    phase = next;
  }

  return {
    turn,
    read(now) {
      turn(phase, now);
      return { ...spent };
    },
  };
}
