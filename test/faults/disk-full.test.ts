import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startLocalDatabase } from '../../src/local/database.ts';
import { postgresUser } from '../../src/local/postgres-user.ts';
import { PATIENCE, shop } from './shop.ts';

const SIZE = '24m';
const LARGER = '200m';
/** Far more than fit. */
const MOST_ROWS = 5_000;

/** A file system of `SIZE` in memory; '' where we may not mount one. */
function smallDisk(): string {
  const place = mkdtempSync(join(tmpdir(), 'scalestream-disk-'));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', place]).status !== 0) return '';
  onTestFinished(() => void spawnSync('umount', ['--lazy', place]));
  const user = postgresUser();
  if ('uid' in user) chownSync(place, user.uid, user.gid);
  chmodSync(place, 0o700);
  return place;
}

/** Inserts rows of so many bytes until there is no room for another one. */
async function fill(sql: postgres.Sql, bytes: number): Promise<void> {
  for (let rows = 0; rows < MOST_ROWS; rows++) {
    const error = await sql`insert into others values (repeat('x', ${bytes}))`.then(
      () => undefined,
      (thrown: { code?: string }) => thrown,
    );
    if (error?.code === '53100') return;
    if (error) throw error;
  }
  throw new Error('the disk does not fill');
}

test('a disk that is full: receiving stops and nothing is deleted; with more room everything is taken up again', {
  timeout: 180_000,
}, async ({ skip }) => {
  const disk = smallDisk();
  skip(disk === '', 'a small disk is mounted for this test, which takes root');
  const server = await startLocalDatabase();
  onTestFinished(() => server.stop());
  const admin = postgres(server.url, { max: 1 });
  onTestFinished(() => admin.end());
  await admin.unsafe(`create tablespace small location '${disk}'`);
  const open = await shop({ pack: 100, server: server.url });
  const { sql, trade, calls } = open;
  await sql.unsafe(`alter database ${open.database.name} set default_tablespace = small`);
  const { warnings, leave } = await open.hire({ visibilityTimeout: '60s', maxMessages: 50 });
  await trade.send(20);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  // Everybody else's data fill the disk, to the last page.
  await sql`create table others (filler text) tablespace small`;
  await sql`alter table others alter column filler set storage external`;
  for (const bytes of [1_000_000, 1_000_000, 8_000, 8_000]) await fill(sql, bytes);
  const deletes = (): number => calls.of('DeleteMessageBatch').length;
  // A page may be half empty still: one of the next flushes needs a new one. What closes windows may meet the end of the disk before.
  const isFull = (): boolean => /the database fails: .*53100/.test(warnings.join('\n'));
  for (let more = 0; more < 50 && !isFull(); more++) {
    await trade.send(10);
    await vi.waitFor(async () => expect(isFull() || (await open.left()) === 0).toBe(true), PATIENCE);
  }
  expect(isFull(), warnings.join('\n')).toBe(true);
  const [before, left] = [deletes(), await open.left()];
  expect(left).toBeGreaterThan(0);
  expect(spawnSync('mount', ['-o', `remount,size=${LARGER}`, disk]).status).toBe(0);
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  expect(deletes()).toBeGreaterThan(before);
  expect(warnings.join()).toMatch(/the database is back: receiving again/);
  expect(await leave()).toMatchObject({ committed: trade.sent.events, source: { redelivered: 0 } });
  await open.exact();
});
