import type { Clock } from '../clock.ts';
import type { CallReading } from '../source.ts';
import { CALL_SECONDS, Spread } from '../spread.ts';
import type { Failure } from './queue.ts';

/** What a queue is called for, as spans and metrics name it. */
export type Operation = CallReading['operation'];

/** How long the calls to a queue took, by what they were for and why they failed. */
export interface CallTimes {
  /** Makes a call, and counts it. */
  readonly time: <T>(operation: Operation, call: () => Promise<T>) => Promise<T>;
  readonly read: () => readonly CallReading[];
}

export function callTimes(clock: Clock, failureOf: (error: unknown) => Failure): CallTimes {
  const times = new Map<
    string,
    { readonly operation: Operation; readonly error?: Failure; readonly seconds: Spread }
  >();

  function add(operation: Operation, ms: number, error?: Failure): void {
    const key = error === undefined ? operation : `${operation} ${error}`;
    let known = times.get(key);
    if (!known) {
      known = { operation, ...(error === undefined ? {} : { error }), seconds: new Spread(CALL_SECONDS) };
      times.set(key, known);
    }
    known.seconds.add(ms / 1_000);
  }

  return {
    async time(operation, call) {
      const began = clock.now();
      try {
        const result = await call();
        add(operation, clock.now() - began);
        return result;
      } catch (error) {
        add(operation, clock.now() - began, failureOf(error));
        throw error;
      }
    },
    read: () => [...times.values()].map((each) => ({ ...each, seconds: each.seconds.read() })),
  };
}
