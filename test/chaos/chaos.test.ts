import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { program } from '../support/e2e-command.ts';
import type { reportOf } from './report.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** A short run, and what it reports. */
async function chaos(...args: string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'scalestream-report-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const json = join(directory, 'report.json');
  const { code, out, err } = await program(process.execPath, [MAIN, '--json', json, ...args]).ended;
  expect(err).toContain('chaos with seed');
  return { code, out, report: JSON.parse(readFileSync(json, 'utf8')) as ReturnType<typeof reportOf> };
}

const FEW = ['--events', '20000', '--workers', '2', '--no-real-data'];

test('some seconds of faults at random leave the tables equal to the input', { timeout: 240_000 }, async () => {
  const goals = ['--kills', '3', '--restarts', '1', '--lost-answers', '1'];
  const { code, out, report } = await chaos(...FEW, ...goals, '--seed', '3');
  expect(report.failures, out).toEqual([]);
  expect(code).toBe(0);
  expect(report).toMatchObject({ ok: true, compared: { mismatches: 0 }, hangs: 0 });
  expect(report.compared.windowRows).toBeGreaterThan(0);
  expect(report.guard.events).toBeGreaterThanOrEqual(20_000);
});

test.each([
  { sabotage: 'delete-first', kind: 'violation', says: /events not counted/ },
  { sabotage: 'phantom', kind: 'violation', says: /events not counted/ },
  { sabotage: 'drop-one', kind: 'mismatch', says: /shop_events: all expected/ },
  { sabotage: 'double-count', kind: 'mismatch', says: /product_trade .*: expected .*; found/ },
])('a run with $sabotage fails and says so', { timeout: 240_000 }, async ({ sabotage, kind, says }) => {
  const { code, out, report } = await chaos(
    ...FEW,
    '--kills',
    kind === 'violation' ? '1' : '0',
    '--seed',
    '4',
    '--sabotage',
    sabotage,
  );
  expect(code, out).toBe(1);
  expect(report.ok).toBe(false);
  expect(report.failures[0]).toMatchObject({ kind, what: expect.stringMatching(says) });
  expect(out).toContain('NOT OK');
});
