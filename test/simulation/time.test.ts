import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { quiet } from './quiet.ts';
import { runScenario, type Seen } from './run-scenario.ts';
import { FUTURE, punctualScenarios, type Scenario } from './scenario.ts';

test('while only the store fails, once and however long, no event that was sent when it happened is late', async () => {
  await fc.assert(
    fc.asyncProperty(punctualScenarios, async (scenario) => {
      expect(await runScenario(scenario)).toMatchObject({ late: 0, diverted: 0, revised: 0 });
    }),
    { numRuns: 200 },
  );
});

const first = { at: 0, content: [{ id: 'c', at: 0 }] };
/** A window of each table is final at 12 s: 6 s, the lateness of 6 s, and what it takes. */
const afterwards = (id: string, at = 0) => ({ at: 18_000, content: [{ id, at }] });

// 'c' and 'f' are dear and of one product, so they share two windows; 'b' is cheap and of another one.
test.each<[string, Partial<Scenario>, Partial<Seen>]>([
  ['a window that nothing comes for is final once', { messages: [first] }, { final: 2, revised: 0, late: 0 }],
  [
    'what comes for a final window is counted, and each of its windows is announced once more',
    { messages: [first, afterwards('f')] },
    { final: 2, revised: 2, late: 1 },
  ],
  [
    'what comes for a window that would be final, had it been there, begins it: it is final at once, and not revised',
    { messages: [first, afterwards('b')] },
    { final: 3, revised: 0, late: 1 },
  ],
  [
    'where late events are diverted, what comes for a final window changes nothing',
    { messages: [first, afterwards('f'), afterwards('b')], late: 'divert' },
    { final: 2, revised: 0, late: 0, diverted: 2 },
  ],
  [
    'what comes twice for a final window revises nothing',
    { messages: [first, afterwards('c')] },
    { final: 2, revised: 0, late: 0 },
  ],
  [
    'an order from 2099 is refused, and no window waits for it',
    { messages: [first, { at: 0, content: [{ id: 'f', at: FUTURE }] }] },
    { final: 2, revised: 0, late: 0 },
  ],
  [
    'what a worker holds when it dies is not late when it comes back, although another one idles meanwhile',
    {
      messages: [{ at: 4_000, content: [{ id: 'c', at: 4_000 }] }],
      workers: 2,
      lateness: 500,
      visibilitySeconds: 5,
      commits: [
        { kind: 'kill-before', ms: 2_000 },
        { kind: 'ok', ms: 5 },
      ],
    },
    { final: 2, revised: 0, late: 0, redelivered: 1 },
  ],
  [
    'clocks of workers that are an hour off change nothing',
    { messages: [first, afterwards('f')], workers: 2, clocksOff: [-3_600_000, 3_600_000] },
    { final: 2, revised: 2, late: 1 },
  ],
  [
    'a session that is final is announced once more when an earlier one takes it in',
    { messages: [first, afterwards('f', -2_500)], also: ['spells'] },
    { final: 6, revised: 1, late: 1 },
  ],
  [
    'where late events are diverted, no final session is taken in',
    { messages: [first, afterwards('f', -2_500)], late: 'divert', also: ['spells'] },
    { final: 3, revised: 0, late: 0, diverted: 1 },
  ],
  [
    'what comes for a pane whose windows are final revises each of them once',
    { messages: [first, afterwards('f')], also: ['recent'] },
    { final: 5, revised: 5, late: 1 },
  ],
])('%s', async (_, given, expected) => {
  expect(await runScenario({ ...quiet, ...given })).toMatchObject(expected);
});
