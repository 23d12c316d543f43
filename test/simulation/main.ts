import * as fc from 'fast-check';
import { parseArgs } from 'node:util';
import { runScenario } from './run-scenario.ts';
import { scenarios } from './scenario.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '5000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
  },
});
const seed = Number(values.seed);
const path = values.path === undefined ? {} : { path: values.path };
const started = performance.now();
const total = { steps: 0, commits: 0, workers: 0, redelivered: 0, final: 0, revised: 0, late: 0, diverted: 0 };
const details = await fc.check(
  fc.asyncProperty(scenarios, async (scenario) => {
    const seen = await runScenario(scenario);
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += seen[name];
  }),
  { numRuns: Number(values.runs), seed, ...path },
);
if (details.failed) {
  console.log(details.errorInstance);
  console.log(await fc.asyncDefaultReportMessage(details));
  console.log(`again: npm run simulate -- --seed ${seed} --path ${details.counterexamplePath}`);
  process.exitCode = 1;
} else {
  const rate = Math.round((details.numRuns / (performance.now() - started)) * 60_000);
  const { workers, commits, redelivered, steps, final, revised, late, diverted } = total;
  console.log(`seed ${seed}: ${details.numRuns} schedules held, ${rate} a minute`);
  console.log(`${workers} workers, ${commits} commits, ${redelivered} redeliveries, ${steps} steps`);
  console.log(`${final} windows became final, ${revised} revisions; ${late} late events counted, ${diverted} diverted`);
}
