#!/usr/bin/env -S node --max-semi-space-size=4
import { ConfigError, messageOf, ScaleStreamError } from '../errors.ts';
import type { Command } from './command.ts';
import { localCommand } from './local.ts';
import { migrateCommand } from './migrate.ts';
import { produceCommand } from './produce.ts';
import { runCommand } from './run.ts';
import { serveCommand } from './serve.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { tickCommand } from './tick.ts';
import { verifyCommand } from './verify.ts';
import { version } from './version.ts';

const COMMANDS: readonly Command[] = [
  startCommand,
  localCommand,
  produceCommand,
  runCommand,
  serveCommand,
  verifyCommand,
  migrateCommand,
  statusCommand,
  tickCommand,
];

const help = `ScaleStream: exact windows over SQS, in Postgres.

Usage: scalestream VERB [flags]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`).join('\n')}

'scalestream VERB --help' tells more, with examples. Settings come from flags or the environment (SCALESTREAM_QUEUE, DATABASE_URL,
AWS_REGION, AWS_ENDPOINT_URL_SQS, AWS_ACCESS_KEY_ID …).
Exit codes: 0 done, 1 failed, 2 no such verb, 78 a setting that cannot work.

Examples:
  scalestream start
  scalestream run src/pipelines/storefront.ts --queue shop-events --database postgres://localhost/shop
`;

const io = { out: (line: string) => console.log(line), err: (line: string) => console.error(line) };

async function main(args: readonly string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    io.out(help);
    return verb === undefined ? 2 : 0;
  }
  if (verb === '--version' || verb === 'version') {
    io.out(version());
    return 0;
  }
  const command = COMMANDS.find(({ name }) => name === verb);
  if (!command) {
    io.err(
      `scalestream: expected a verb among ${COMMANDS.map(({ name }) => name).join(', ')}; got '${verb}'. Fix: see 'scalestream --help'`,
    );
    return 2;
  }
  return command.run(rest, process.env, io);
}

/** A verb that has ended leaves nothing under way that anybody waits for; should it do so, the process ends all the same. */
const LEFTOVERS_MS = 3_000;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  io.err(`scalestream: ${messageOf(error)}`);
  if (!(error instanceof ScaleStreamError) && error instanceof Error && error.stack) io.err(error.stack);
  process.exitCode = error instanceof ConfigError ? 78 : 1;
}
setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
// Node 26.10 may wait at its own end, for ever and at full speed, for a request of a connection that was reset (its `Environment::CleanupHandles`).
process.on('exit', () => process.exit());
