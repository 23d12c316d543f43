import { StoreError } from '../../src/errors.ts';
import type { Report, Reported, Ticked, Timekeeping } from '../../src/timekeeping.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { call, type Fates, OK, type Troubles } from './call.ts';
import { lost } from './faulty-store.ts';

export interface FaultyTimeOptions {
  readonly world: VirtualClock;
  readonly process: VirtualProcess;
  readonly troubles: Troubles;
  readonly time: Timekeeping;
  readonly reports: Fates;
  readonly isDown: () => boolean;
  readonly isCurrent: () => boolean;
  /** Told of a report when it is made, and when the store takes it; `isFine`: its answer arrives. */
  readonly onSaying: (report: Report) => void;
  readonly onTold: (report: Report, reported: Reported, isFine: boolean) => void;
  readonly onTicked: (ticked: Ticked) => void;
  /** Told when the worker takes its leave, and when the store knows. */
  readonly onLeaving: () => void;
  readonly onLeft: () => void;
}

/** A store's timekeeping as one worker reaches it. */
export function faultyTime(options: FaultyTimeOptions): Timekeeping {
  const { world, process, troubles, time, reports, isDown, isCurrent } = options;
  let made = 0;
  let newest = 0;

  function called<T>(effect: (isFine: boolean) => Promise<T>): Promise<T> {
    const fate = reports.next();
    return call({
      world,
      process,
      troubles,
      fate,
      lost,
      async effect() {
        if (isDown()) throw lost();
        return effect(fate === OK);
      },
    });
  }

  return {
    report(report) {
      const number = ++made;
      options.onSaying(report);
      return called(async (isFine) => {
        if (!isCurrent()) throw new StoreError('fenced', 'fenced', 'another version took over');
        // As the statement does: what a later report overtook changes nothing, and nobody waits for its answer.
        if (number < newest) throw lost();
        newest = number;
        const reported = await time.report(report);
        options.onTold(report, reported, isFine);
        return reported;
      });
    },
    tick: () =>
      called(async () => {
        const ticked = await time.tick();
        options.onTicked(ticked);
        return ticked;
      }),
    outbox: time.outbox,
    retain: () => called(() => time.retain()),
    leave() {
      options.onLeaving();
      return called(async () => {
        await time.leave();
        options.onLeft();
      });
    },
  };
}
