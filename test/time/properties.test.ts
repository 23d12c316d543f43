import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { memoryStore } from '../../src/index.ts';
import type { Report } from '../../src/timekeeping.ts';
import { run } from '../support/orders.ts';
import { expectSound, FORGET_ALL, guards } from './invariants.ts';
import { lives, messagesOf, ordersOf, reportOf, type Step, WORKERS } from './steps.ts';
import { timedPlace } from './timed-place.ts';
import { type Twin, twins } from './twins.ts';

const STOPPED = { now: () => 0, after: () => () => undefined };

test.each(['revise', 'divert'] as const)(
  'whatever comes, in whatever order, by whomever: Postgres does what the memory store does, and that is right (%s)',
  { timeout: 300_000 },
  async (late) => {
    const timed = await timedPlace({ lateness: 5_000, late });
    onTestFinished(() => timed.place.close());
    const { place, pipeline, tables } = timed;
    await place.query(guards(tables));
    const processes = Array.from({ length: WORKERS }, timed.process);
    const seen = { final: 0, revised: 0, late: 0, diverted: 0, duplicates: 0, rejected: 0 };

    async function live(workers: number, steps: readonly Step[]): Promise<void> {
      await place.query(FORGET_ALL);
      const memory = memoryStore(pipeline, { clock: STOPPED });
      const all = await twins(timed, processes.slice(0, workers), memory);

      async function tick({ real, model }: Twin): Promise<void> {
        const ticked = await real.time.tick();
        expect(ticked).toEqual(await model.time.tick());
        seen.final += ticked.final;
        seen.revised += ticked.revised;
      }
      /** As a worker does it: who moves the watermark closes what it passed. */
      async function report(twin: Twin, told: Report): Promise<void> {
        const { moved, watermark } = await twin.real.time.report(told);
        expect({ moved, watermark }).toEqual(
          await twin.model.time.report(told).then((model) => ({ moved: model.moved, watermark: model.watermark })),
        );
        if (moved) await tick(twin);
      }
      async function deliver({ real, model }: Twin, step: Step & { kind: 'deliver' }): Promise<void> {
        const totals = await run(pipeline, real, messagesOf(step));
        expect(totals).toEqual(await run(pipeline, model, messagesOf(step)));
        for (const kind of ['late', 'diverted', 'duplicates', 'rejected'] as const) seen[kind] += totals[kind];
      }

      for (const step of steps) {
        const twin = all.at(step.worker);
        if (step.kind === 'deliver') await deliver(twin, step);
        else if (step.kind === 'report') await report(twin, reportOf(step));
        else if (step.kind === 'tick') await tick(twin);
        else await all[step.kind](step.worker);
      }
      await tick(all.at(0));
      const states = (await timed.windows()).map(({ state, revision }) => ({ state, revision: Number(revision) }));
      expect(states).toEqual(memory.states('trade'));
      await expectSound(place, tables, ordersOf(steps));
    }

    await fc.assert(
      fc.asyncProperty(lives, ({ workers, steps }) => live(workers, steps)),
      { numRuns: 40, interruptAfterTimeLimit: 240_000 },
    );
    // It was about something.
    const { [late === 'revise' ? 'diverted' : 'late']: never, ...others } = seen;
    if (late === 'divert') expect(others.revised).toBe(0);
    expect(never).toBe(0);
    for (const [kind, count] of Object.entries(others))
      if (kind !== 'revised' || late === 'revise') expect(count, kind).toBeGreaterThan(0);
  },
);
