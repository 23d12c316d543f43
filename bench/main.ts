import { availableParallelism, cpus, release } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.ts';
import { dashboards } from './dashboards.ts';
import { onePerMessage, packed } from './end-to-end.ts';
import { finality } from './finality.ts';
import { freshness } from './freshness.ts';
import { hopping } from './hopping.ts';
import { ingest } from './ingest.ts';
import { measures } from './measures.ts';
import { memory } from './memory.ts';
import { serving } from './serving.ts';
import { soak } from './soak.ts';
import { telemetry } from './telemetry.ts';

const BENCHES: readonly Bench[] = [
  packed,
  onePerMessage,
  memory,
  measures,
  hopping,
  finality,
  ingest,
  serving,
  dashboards,
  freshness,
  telemetry,
  soak,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
  },
});
// The soak takes half an hour: only when it is asked for.
const chosen =
  positionals.length === 0
    ? BENCHES.filter((bench) => bench !== soak)
    : BENCHES.filter(({ name }) => positionals.includes(name));
const rounds = Number(values.rounds);
if (chosen.length < positionals.length || !Number.isInteger(rounds) || rounds < 1) {
  console.error(
    `Usage: npm run bench -- [${BENCHES.map(({ name }) => name).join('] [')}] [--rounds N] [--only CONTENDER] [--json]`,
  );
  process.exit(2);
}

// With --json the numbers alone go to stdout.
const say = (line: string): void => (values.json ? console.error(line) : console.log(line));
const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, ${process.platform} ${release()}, Node ${process.version}`;
say(machine);
for (const bench of chosen) {
  say(`\n${bench.name}: ${bench.question}`);
  const { table, missed, numbers } = await bench.run({ rounds, say, only: values.only });
  if (values.json) console.log(JSON.stringify({ bench: bench.name, machine, rounds, missed, numbers }));
  else console.table(Object.fromEntries(table.map(({ what, ...row }) => [what, row])));
  for (const line of missed) say(`MISSED: ${line}`);
  if (missed.length > 0) process.exitCode = 1;
}
