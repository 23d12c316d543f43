import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isRunning } from '../../src/local/is-running.ts';
import { command, program } from '../support/e2e-command.ts';

/** Running processes that descend from `pid`, where the system shows them. */
function descendants(pid: number): number[] {
  if (process.platform !== 'linux') return [];
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    try {
      const [, fields = ''] = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ');
      parents.set(Number(name), Number(fields.split(' ')[1]));
    } catch {
      // No process, or it has just ended.
    }
  }
  const found = [pid];
  for (const one of found) for (const [child, parent] of parents) if (parent === one) found.push(child);
  return found.slice(1);
}

test('npm start -- --events … --json produces, drains, verifies, ends with one JSON object, and leaves no process behind', {
  timeout: 120_000,
}, async () => {
  const start = program('npm', ['start', '--', '--events', '5000', '--rate', '5000', '--json']);
  await start.said(/psql postgres:/);
  await start.said(/curl 'http:\/\/127\.0\.0\.1:\d+\/v1\/pipelines\/storefront\/windows\/product_trade/);
  const family = descendants(start.child.pid ?? 0);
  const ended = await start.ended;
  expect(ended, ended.err).toMatchObject({ code: 0 });
  expect(ended.json()).toMatchObject({
    produced: 5_000,
    committed: 5_000,
    duplicates: 0,
    rejected: 0,
    verified: true,
    exact: true,
  });
  expect(Number(ended.json()['windows'])).toBeGreaterThan(0);
  if (process.platform === 'linux') expect(family.length).toBeGreaterThan(3);
  expect(family.filter(isRunning)).toEqual([]);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'npm start ended by %s at npm alone drains, verifies, exits with 0, and leaves no process behind',
  {
    timeout: 120_000,
  },
  async (signal) => {
    const start = program('npm', ['start', '--', '--json']);
    await start.said(/psql postgres:/);
    await start.said(/events\/s/);
    const family = descendants(start.child.pid ?? 0);
    start.child.kill(signal);
    const ended = await start.ended;
    expect(ended, ended.err).toMatchObject({ code: 0 });
    expect(ended.json()).toMatchObject({ verified: true, exact: true });
    expect(family.filter(isRunning)).toEqual([]);
  },
);

test.each(['queue', 'database'])(
  'start whose %s dies says so and ends, and leaves no process behind',
  { timeout: 120_000 },
  async (server) => {
    const start = command(['start']);
    await start.said(/events\/s/);
    const family = descendants(start.child.pid ?? 0);
    const victim = family.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${server}-process`));
    process.kill(victim ?? 0, 'SIGKILL');
    const ended = await start.ended;
    expect(ended, ended.err).toMatchObject({ code: 1 });
    expect(ended.err).toMatch(`The local ${server} ended.`);
    expect(family.filter(isRunning)).toEqual([]);
  },
);

test('local prints one line of settings, stays, and stops at SIGTERM with exit code 0', {
  timeout: 60_000,
}, async () => {
  const local = command(['local', '--json']);
  await local.said(/\}\n/);
  const family = descendants(local.child.pid ?? 0);
  local.child.kill('SIGTERM');
  const ended = await local.ended;
  expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
  expect(ended.out.trim().split('\n')).toHaveLength(1);
  expect(Object.keys(ended.json())).toEqual(['databaseUrl', 'sqsEndpoint', 'region', 'accessKeyId', 'secretAccessKey']);
  expect(family.filter(isRunning)).toEqual([]);
});
