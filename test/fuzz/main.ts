import { parseArgs } from 'node:util';
import { startLocalDatabase } from '../../src/local/database.ts';
import { settle } from '../../src/testing/virtual-clock.ts';
import { watchLeaks } from '../support/leaks.ts';
import type { FuzzCase } from './fuzz-case.ts';
import { fuzz, type FuzzReport } from './fuzz.ts';
import { realGround } from './real-ground.ts';
import { runCase } from './run-case.ts';
import { watchdog } from './watchdog.ts';

const usage = `Usage: npm run fuzz -- [flags]

Throws bad input at the whole graph: records, message bodies, attributes, schemas and configurations.

  --inputs N      records and configurations; default 1000000
  --seed N        the same seed gives the same inputs; default: another each time
  --postgres N    how many more go through a real database too, compared with the memory store; default 20000, 0 for none
  --replay CASE   runs one case, as a finding prints it
`;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    postgres: { type: 'string', default: '20000' },
    replay: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [inputs, seed, postgres] = [values.inputs, values.seed, values.postgres].map(Number) as [number, number, number];
if (values.help || [inputs, seed, postgres].some((n) => !Number.isSafeInteger(n) || n < 0)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
if (values.replay !== undefined) {
  const { violations, ...counts } = await runCase(JSON.parse(values.replay) as FuzzCase, seed);
  console.log(counts, violations);
  process.exit(violations.length === 0 ? 0 : 1);
}

const unhandled: string[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(`unhandled rejection: ${String(reason)}`));
process.on('uncaughtException', (error) => unhandled.push(`uncaught: ${error.stack}`));
process.on('warning', (warning) => unhandled.push(`warning: ${warning.message}`));

const dog = watchdog();
const leaks = watchLeaks(() => 'the fuzzer');
const listeners = (): number => process.eventNames().reduce((n, name) => n + process.listenerCount(name), 0);
const heap = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

// A tenth is the warm-up: code is compiled by then, and what grows from there on is a leak.
const started = performance.now();
const warm = await fuzz({ inputs: Math.ceil(inputs / 10), seed, onCase: dog.alive });
const [heapWarm, listenersWarm] = [heap(), listeners()];
const rest = await fuzz({ inputs: inputs - warm.inputs, seed: seed + 1, onCase: dog.alive });
const seconds = (performance.now() - started) / 1_000;
const [heapEnd, listenersEnd] = [heap(), listeners()];

const reports: FuzzReport[] = [warm, rest];
const differences: string[] = [];
if (postgres > 0) {
  const database = await startLocalDatabase();
  const real = realGround(database.url);
  reports.push(await fuzz({ inputs: postgres, seed: seed + 2, configurations: 0, real: real.of, onCase: dog.alive }));
  differences.push(...(await real.differences()));
  await real.close();
  await database.stop();
}
const sum = (name: keyof Omit<FuzzReport, 'findings' | 'reasons'>): number =>
  reports.reduce((total, report) => total + report[name], 0);
const growth = heapEnd - heapWarm;
// What was ended has some turns of the event loop to go.
for (let turn = 0; turn < 1_000 && leaks().length > 0; turn++) await settle();
const left = leaks();
const problems = [
  ...reports.flatMap(({ findings }) => findings),
  ...differences,
  ...unhandled,
  ...left.map((leak) => `left behind: ${leak}`),
  ...(globalThis.gc && growth > 8 ? [`the heap grew by ${growth.toFixed(1)} MB after the warm-up`] : []),
  ...(listenersEnd > listenersWarm ? [`listeners grew from ${listenersWarm} to ${listenersEnd}`] : []),
];
console.table({
  seed,
  'inputs in all': sum('inputs'),
  'of them records': sum('records'),
  'of them configurations': sum('configurations'),
  'in messages': sum('messages'),
  'in cases': sum('cases'),
  'through a real database': reports[2]?.inputs ?? 0,
  'good events planted': sum('planted'),
  committed: sum('committed'),
  duplicates: sum('duplicates'),
  rejects: sum('rejected'),
  'seconds (memory)': Math.round(seconds),
  'inputs a second (memory)': Math.round((warm.inputs + rest.inputs) / seconds),
  'slowest case, ms': Math.round(Math.max(...reports.map(({ slowestMs }) => slowestMs))),
  'heap after warm-up, MB': globalThis.gc ? Number(heapWarm.toFixed(1)) : 'start with --expose-gc',
  'heap at the end, MB': globalThis.gc ? Number(heapEnd.toFixed(1)) : 'start with --expose-gc',
  findings: problems.length,
});
const said = (reasons: ReadonlyMap<string, number> | undefined): string =>
  [...(reasons ?? [])].map(([reason, n]) => `${reason} ${n}`).join(', ');
console.log(`rejects by reason: ${said(rest.reasons)}`);
if (reports[2]) console.log(`and in the database: ${said(reports[2].reasons)}`);
for (const problem of problems) console.log(`FOUND: ${problem}`);
await dog.stop();
process.exitCode = problems.length === 0 ? 0 : 1;
