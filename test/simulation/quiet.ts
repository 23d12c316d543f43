import type { Scenario } from './scenario.ts';

/** Two messages to one worker, and nothing goes wrong. */
export const quiet: Scenario = {
  chance: 1,
  messages: [
    { at: 0, content: [{ id: 'a', at: 0 }] },
    {
      at: 0,
      content: [
        { id: 'a', at: 0 },
        { id: 'b', at: 7_000 },
      ],
    },
  ],
  workers: 1,
  visibilitySeconds: 2,
  maxMessages: 10,
  maxPollers: 1,
  gatherEvents: 10,
  gatherMs: 100,
  concurrency: 1,
  duplicates: 0,
  receives: [],
  commits: [],
  removes: [],
  extends: [],
  reports: [],
  acts: [],
  lateness: 6_000,
  late: 'revise',
  skew: 100,
  lifeMs: 3_000,
  storeAhead: 0,
  clocksOff: [],
  also: [],
};
