import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Mutation } from './mutation.ts';
import { mutations } from './mutations.ts';
import { runSuites } from './run-suites.ts';
import { misplaced, workspace } from './workspace.ts';

const usage = `Usage: npm run mutate -- [--times N] [--only TEXT]

Takes one thing away from the engine at a time, in a copy, and expects its tests to fail; an unspoilt copy must pass.

  --times N      each mutation N times: it must be caught every time; default 1
  --only TEXT    mutations whose name holds the text; may be repeated
  --all-failures run every test of a suite; default: stop at the first that fails
`;

const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '1' },
    only: { type: 'string', multiple: true },
    'all-failures': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const times = Number(values.times);
const { only } = values;
const chosen = mutations.filter(({ name }) => only?.some((text) => name.includes(text)) ?? true);
if (values.help || !Number.isInteger(times) || times < 1 || chosen.length === 0) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
const wrong = misplaced(mutations);
if (wrong.length > 0) {
  for (const line of wrong) console.error(line);
  process.exit(1);
}

/** Runs the suites on a copy, spoilt or not. */
async function attempt(suites: readonly string[], mutation?: Mutation) {
  const copy = workspace(mutation);
  try {
    return await runSuites(copy.folder, suites, values['all-failures'] || !mutation ? 0 : 1);
  } finally {
    copy.remove();
  }
}

const suites = [...new Set(chosen.flatMap((mutation) => mutation.suites))].sort();
console.log(`${chosen.length} mutations, ${times} times each, ${availableParallelism()} cores`);
const clean = await attempt(suites);
console.log(`clean copy: ${clean.passed ? 'passes' : 'FAILS'}: ${clean.tests} tests, ${clean.seconds.toFixed(0)} s`);
for (const name of clean.failed) console.log(`  failed: ${name}`);

/** What fails without any mutation proves nothing. */
const failsAnyhow = new Set(clean.failed);
const table: Record<string, Record<string, string>> = {};
let survivors = 0;
for (const mutation of chosen) {
  let caught = 0;
  let seconds = 0;
  const failed = new Set<string>();
  for (let time = 0; time < times; time++) {
    const result = await attempt(mutation.suites, mutation);
    if (result.failed.some((name) => !failsAnyhow.has(name))) caught++;
    seconds += result.seconds;
    for (const name of result.failed) failed.add(name);
  }
  if (caught < times) survivors++;
  const row = { caught: `${caught}/${times}`, seconds: seconds.toFixed(0), suites: mutation.suites.join(' ') };
  table[mutation.name] = { ...row, 'failed tests': [...failed].map((name) => name.slice(0, 110)).join(' · ') };
  console.log(
    `${caught === times ? 'caught' : 'SURVIVED'} ${mutation.name} (${row.seconds} s): ${[...failed].join(' · ')}`,
  );
}
console.table(table);
console.log(
  `${chosen.length - survivors} of ${chosen.length} caught every time; the clean copy ${clean.passed ? 'passes' : 'fails'}`,
);
process.exitCode = survivors === 0 && clean.passed ? 0 : 1;
