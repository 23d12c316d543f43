import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FinalWindow } from '../../src/index.ts';
import { lateVisits, visit } from './late-visits.ts';

/** Few instants, pages and users, so that sessions meet; a visit's content follows from its id and time. */
const someVisits = fc
  .array(fc.record({ id: fc.nat({ max: 400 }), second: fc.nat({ max: 40 }) }), { minLength: 1, maxLength: 6 })
  .map((all) =>
    all.map(({ id, second }) =>
      visit(String(id), second, {
        page: ['home', 'cart'][id % 2] as string,
        user: ['anna', 'bert', '😀'][id % 3] as string,
        cents: id,
      }),
    ),
  );

const steps = fc.array(fc.oneof({ weight: 3, arbitrary: someVisits }, { weight: 2, arbitrary: fc.nat({ max: 60 }) }), {
  minLength: 2,
  maxLength: 14,
  size: 'max',
});

const sorted = (windows: readonly FinalWindow[]) => windows.toSorted((a, b) => (a.delivery < b.delivery ? -1 : 1));

test.each(['revise', 'divert'] as const)(
  'whatever comes and however time passes: labels, rows and deliveries of sessions are in Postgres what they are in memory (%s)',
  { timeout: 240_000 },
  async (late) => {
    const set = await lateVisits(late);
    const seen = { removed: 0, revised: 0, final: 0, diverted: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        await set.forget();
        for (const step of all) {
          const [real, model] = await (typeof step === 'number' ? set.passes(step) : set.deliver(...step));
          expect(real).toEqual(model);
          if (typeof step !== 'number') seen.diverted += (real as { diverted: number }).diverted;
        }
        await set.passes(0);
        expect(await set.place.windows(set.table)).toEqual(set.memory.rows('sessions'));
        const labels = (await set.sessions()).map(({ state, revision }) => ({ state, revision }));
        expect(labels).toEqual(set.memory.states('sessions'));
        const [real, model] = await set.finals();
        expect(sorted(real)).toEqual(sorted(model));
        const stored = await set.place.query(
          `select window_start, page, revision::int, removed, visits::text, users::text, most::text from finals order by page, window_start, revision`,
        );
        expect(stored).toHaveLength(real.length);
        expect(stored.filter((row) => row['removed'])).toHaveLength(real.filter(({ removed }) => removed).length);
        expect(await set.place.query('select from scalestream.revised where revision > announced')).toEqual([]);
        for (const window of real) seen[window.removed ? 'removed' : window.revised ? 'revised' : 'final']++;
      }),
      { numRuns: 60, interruptAfterTimeLimit: 200_000 },
    );
    // It was about something.
    const isDivert = late === 'divert';
    expect(seen).toEqual({
      final: expect.toSatisfy((n) => n > 50),
      removed: expect.toSatisfy((n) => (isDivert ? n === 0 : n > 5)),
      revised: expect.toSatisfy((n) => (isDivert ? n === 0 : n > 10)),
      diverted: expect.toSatisfy((n) => (isDivert ? n > 50 : n === 0)),
    });
  },
);
