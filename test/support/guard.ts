// Whoever imports it first opens the process's own standard input, which is nobody's leak.
import 'node:process';
import { afterAll, expect } from 'vitest';
import { watchLeaks } from './leaks.ts';

/** Far more than an orderly end takes, so that only what stays is a leak, however loaded the machine. */
const DEADLINE_MS = 10_000;
const STEP_MS = 10;

// Tests may put clocks of their own in the place of the machine's.
const { setTimeout: after } = globalThis;
const now = performance.now.bind(performance);

/** Processes in virtual time are killed with all they hold: what stays subscribed in a dead one is what the test is about. */
const inVirtualTime = /test\/(testing|simulation)\//.test(expect.getState().testPath ?? '');

// Runs before the test file is loaded, so that what the file makes at its top level counts, and as the last of its hooks.
const leaks = watchLeaks(() => expect.getState().currentTestName ?? 'outside any test', !inVirtualTime);

/** Fails a test file that leaves something behind, once it had time to go. */
afterAll(async () => {
  const deadline = now() + DEADLINE_MS;
  while (leaks().length > 0 && now() < deadline) await new Promise((resolve) => void after(resolve, STEP_MS));
  const left = leaks();
  if (left.length > 0) throw new Error(`this test file leaves behind: ${left.join(', ')}`);
});
