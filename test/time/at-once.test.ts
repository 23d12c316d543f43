import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { type Store, StoreError } from '../../src/index.ts';
import type { Database } from '../../src/sinks/postgres/postgres.ts';
import { SENT_AT } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { expectSound, FORGET_ALL, guards } from './invariants.ts';
import { livesAtOnce, messagesOf, ordersOf, reportOf, type StepAtOnce, WORKERS } from './steps.ts';
import { timedPlace } from './timed-place.ts';

/** Later than every window, and the lateness. */
const IN_THE_END = SENT_AT + 100_000;

/** Ends the connection of whoever is at work. */
const CUT = `
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = 'scalestream' and state = 'active' order by random() limit 1`;

/** What a worker tries again later, it tries here with its next step. */
async function passing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StoreError && (error.failure === 'retry' || error.failure === 'slow')) return undefined;
    throw error;
  }
}

test.each(['revise', 'divert'] as const)(
  'whatever workers do at once, whatever dies: windows are the fold of what was counted, one outcome an event, no revision unannounced (%s)',
  { timeout: 300_000 },
  async (late) => {
    const timed = await timedPlace({ lateness: 5_000, late });
    onTestFinished(() => timed.place.close());
    const { place, pipeline, tables } = timed;
    await place.query(guards(tables));
    const processes = Array.from({ length: WORKERS }, timed.process);

    async function live(process: Database, steps: readonly StepAtOnce[], name: string): Promise<void> {
      let lives = 0;
      const open = async (): Promise<Store> =>
        (await passing(process.open(pipeline, { worker: `${name} ${lives++}` }))) ?? (await open());
      let store = await open();
      for (const step of steps) {
        if (step.kind === 'deliver') await run(pipeline, store, messagesOf(step));
        else if (step.kind === 'report') {
          if ((await passing(store.time.report(reportOf(step))))?.moved) await passing(store.time.tick());
        } else if (step.kind === 'tick') await passing(store.time.tick());
        else if (step.kind === 'cut') await place.query(CUT);
        else if (step.kind === 'bury')
          await place.query(
            `update scalestream.workers set expires_at = 'epoch' where worker like '${name} %' and worker <> '${name} ${lives - 1}'`,
          );
        else {
          if (step.kind === 'leave') await passing(store.time.leave());
          store = await open();
        }
      }
    }

    async function together(all: readonly (readonly StepAtOnce[])[]): Promise<void> {
      await place.query(FORGET_ALL);
      const ends = await Promise.allSettled(
        all.map((steps, i) => live(processes[i] as Database, steps, `worker ${i}`)),
      );
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      await place.query(`update scalestream.workers set expires_at = 'epoch'`);
      const last = await (processes[0] as Database).open(pipeline, { worker: 'last' });
      await last.time.report({ low: IN_THE_END, source: 'test', holding: false });
      await last.time.tick();
      expect(await last.time.tick()).toEqual({ final: 0, revised: 0 });
      expect((await timed.windows()).filter(({ state }) => state === 'open')).toEqual([]);
      await expectSound(place, tables, ordersOf(all.flat()));
    }

    await fc.assert(fc.asyncProperty(livesAtOnce, together), { numRuns: 30, endOnFailure: true });
  },
);
