import { type SchedulerAction, type SchedulerLike, Subscription } from 'rxjs';
import type { Clock } from '../clock.ts';

/** A clock as RxJS's schedulers are, so that stock operators and ours run on it. */
export function clockScheduler(clock: Clock): SchedulerLike {
  return {
    now: () => clock.now(),
    schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T) =>
      new ClockAction(clock, work).schedule(state, delay ?? 0),
  };
}

/** One piece of work; RxJS lets it schedule itself again from within. */
class ClockAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #clock: Clock;
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;

  constructor(clock: Clock, work: (this: SchedulerAction<T>, state?: T) => void) {
    super();
    this.#clock = clock;
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    if (!this.closed) this.add(this.#clock.after(delay, () => this.closed || this.#work.call(this, state)));
    return this;
  }
}
