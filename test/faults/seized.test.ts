import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { command } from '../support/e2e-command.ts';
import { PATIENCE, shop } from './shop.ts';

const RUN = ['run', 'test/faults/seized.ts', '--visibility', '2s', '--json'];
const MESSAGES = 20;

/** The id of an event in a body. */
const idIn = (body: string | undefined): string => /"id":"([^"]+)"/.exec(body ?? '')?.[1] ?? '';

test('an event loop that stands still for longer than the visibility timeout: others take over, and nothing counts twice', {
  timeout: 120_000,
}, async () => {
  const open = await shop({ pack: 20 });
  const { trade, bodies, proxied } = open;
  const folder = mkdtempSync(join(tmpdir(), 'scalestream-seized-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const until = join(folder, 'go-on');
  await trade.send(MESSAGES);
  const MARKED_EVENT = idIn(bodies[0]);
  const stalled = command(RUN, { ...proxied, MARKED_EVENT, SEIZED_UNTIL: until });
  await stalled.said(/the loop is blocked/);
  const other = await open.hire();
  await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
  expect(await open.counted()).toBe(trade.sent.events);
  expect(other.worker.stats().source.redelivered).toBeGreaterThan(0);

  const deletes = open.calls.of('DeleteMessageBatch').length;
  writeFileSync(until, '');
  // What it held is known by now, and its handles are stale.
  await open.calls.arrived('DeleteMessageBatch', deletes + 1);
  const did = await open.end(stalled);
  expect(did).toMatchObject({ rejected: 0 });
  expect(Number(did['duplicates'])).toBeGreaterThan(0);
  await open.exact();
});

test('a worker that runs out of memory dies; its messages come back, and each event counts once', {
  timeout: 120_000,
}, async () => {
  const open = await shop({ pack: 20 });
  const { trade, bodies, proxied } = open;
  await trade.send(MESSAGES);
  const MARKED_EVENT = idIn(bodies[MESSAGES / 2]);
  const NODE_OPTIONS = '--max-old-space-size=64';
  for (let worker = 0; worker < 2; worker++) {
    const ended = await command(RUN, { ...proxied, MARKED_EVENT, NODE_OPTIONS }).ended;
    expect(ended.err).toMatch(/the memory fills[^]*heap out of memory/);
    expect(ended.code).not.toBe(0);
  }
  expect(await open.left()).toBeGreaterThan(0);
  const last = await open.exact();
  expect(last?.source.redelivered).toBeGreaterThan(0);
});
