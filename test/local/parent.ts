/** A program that uses the local servers, for tests that stop and kill it: prints who runs, answers SIGINT by using both once more. */
import postgres from 'postgres';
import { startLocalDatabase } from '../../src/local/database.ts';
import { startLocalQueue } from '../../src/local/queue.ts';

const [directory = ''] = process.argv.slice(2);

const [queue, database] = await Promise.all([startLocalQueue(), startLocalDatabase({ directory })]);

process.once('SIGINT', () => void drain());

async function drain(): Promise<void> {
  const sql = postgres(database.url, { max: 1 });
  const [row] = await sql`SELECT 1 AS one`;
  await sql.end();
  const health = await fetch(`${queue.endpoint}/health`);
  process.stdout.write(`${JSON.stringify({ drained: row?.['one'] === 1 && health.ok })}\n`);
  process.exit(0);
}

process.stdout.write(
  `${JSON.stringify({ pids: [queue.pid, database.pid, database.watcherPid], directory: database.directory })}\n`,
);
setInterval(() => undefined, 60_000);
