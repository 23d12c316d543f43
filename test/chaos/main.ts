import { writeFileSync } from 'node:fs';
import { chaos } from './chaos.ts';
import { reportOf, reportText } from './report.ts';
import { settingsOf, USAGE } from './settings.ts';

const say = (line: string): void => console.error(line);

async function main(): Promise<number> {
  let settings: ReturnType<typeof settingsOf>;
  try {
    settings = settingsOf(process.argv.slice(2));
  } catch (error) {
    say(`${String(error)}\n\n${USAGE}`);
    return 2;
  }
  say(`chaos with seed ${settings.seed}: ${JSON.stringify(settings)}`);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
  const outcome = await chaos(settings, say, interrupted.signal);
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(reportOf(outcome), undefined, 2)}\n`);
  console.log(reportText(outcome));
  return outcome.failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
// Node 26.10 may wait at its own end, for ever, for a request of a connection that was reset (its `Environment::CleanupHandles`): seen here.
process.on('exit', () => process.exit());
