import type { StageVitals, Vitals } from '../../src/vitals.ts';

/** What a worker tells that has nothing to do. */
export const IDLE: Vitals = {
  seconds: 10,
  rates: { messages: 0, committed: 0, duplicates: 0, rejected: 0, filtered: 0, diverted: 0, late: 0 },
  stages: [],
  loop: 0.02,
  rssBytes: 150_000_000,
  heldBytes: 0,
  credit: 0,
  retries: 0,
  breaker: 'closed',
};

/** A stage with messages in it, and what it does with its time. */
export const stageOf = (stage: string, busy: number, more: Partial<StageVitals> = {}): StageVitals => ({
  stage,
  messages: 10,
  busy,
  backpressured: 0,
  idle: Number((1 - busy - (more.backpressured ?? 0)).toFixed(3)),
  held: 0,
  ...more,
});
