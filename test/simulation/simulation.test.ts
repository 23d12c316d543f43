import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { quiet } from './quiet.ts';
import { runScenario } from './run-scenario.ts';
import { calmScenarios, type Scenario, scenarios } from './scenario.ts';

/** Thousands more: `npm run simulate`. A failure here prints seed and path, which replay it there. */
const RUNS = 400;

test('whatever goes wrong, in whatever order: windows = fold(raw) at every commit, nothing is deleted before it is safe, no watermark passes what is held, every window ends up final, every revision is announced', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => void (await runScenario(scenario))),
    { numRuns: RUNS },
  );
});

test('while only the store fails, however long, leases are kept and no message is received twice', async () => {
  await fc.assert(
    fc.asyncProperty(calmScenarios, async (scenario) => {
      expect((await runScenario(scenario)).redelivered).toBe(0);
    }),
    { numRuns: RUNS / 2 },
  );
});

test('a schedule runs the same way every time', async () => {
  await fc.assert(
    fc.asyncProperty(scenarios, async (scenario) => {
      expect(await runScenario(scenario)).toEqual(await runScenario(scenario));
    }),
    { numRuns: 20 },
  );
});

test.each<[string, Partial<Scenario>, { readonly workers?: number; readonly redelivered?: number }]>([
  ['nothing', {}, { workers: 1, redelivered: 0 }],
  [
    'a worker killed after its commit',
    {
      commits: [
        { kind: 'kill-after', ms: 5 },
        { kind: 'ok', ms: 5 },
      ],
    },
    { workers: 2, redelivered: 2 },
  ],
  [
    'a worker killed before its commit',
    {
      commits: [
        { kind: 'kill-before', ms: 5 },
        { kind: 'ok', ms: 5 },
      ],
    },
    { workers: 2, redelivered: 2 },
  ],
  [
    'a lost answer to a commit',
    {
      commits: [
        { kind: 'lost-answer', ms: 5 },
        { kind: 'ok', ms: 5 },
      ],
    },
    { workers: 1, redelivered: 0 },
  ],
  [
    'a worker stalled for longer than its leases',
    {
      acts: [
        { at: 50, kind: 'stall', worker: 0, ms: 5_000 },
        { at: 100, kind: 'start', worker: 0, ms: 1 },
      ],
    },
    { workers: 2, redelivered: 2 },
  ],
  ['a new version', { acts: [{ at: 50, kind: 'deploy', worker: 0, ms: 1 }] }, { workers: 2, redelivered: 2 }],
])('the simulation does what it says: %s', async (_, faults, expected) => {
  expect(await runScenario({ ...quiet, ...faults })).toMatchObject(expected);
});

const ok = (ms: number) => ({ kind: 'ok', ms }) as const;

// What the simulation found, kept.
test.each<[string, Partial<Scenario>]>([
  [
    'a message whose commit ends after the grace of its worker was no message that the graph lost',
    {
      messages: [
        { at: 0, content: [{ id: 'a', at: 0 }] },
        { at: 1, content: 'nope' },
        { at: 1, content: 'nope' },
        { at: 1, content: [{ id: 'a', at: 0 }] },
      ],
      chance: 0,
      workers: 3,
      maxMessages: 12,
      gatherEvents: 1,
      gatherMs: 1,
      receives: [ok(0), ok(0), ok(2_878)],
      commits: [ok(2_128), ok(0), ok(0), { kind: 'kill-before', ms: 0 }],
      acts: [{ at: 6_756, kind: 'stop', worker: 2, ms: 1 }],
    },
  ],
])('%s', async (_, scenario) => {
  await expect(runScenario({ ...quiet, ...scenario })).resolves.toBeDefined();
});
