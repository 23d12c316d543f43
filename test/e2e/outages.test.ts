import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test, vi } from 'vitest';
import { startLocalDatabase } from '../../src/local/database.ts';
import { isRunning } from '../../src/local/is-running.ts';
import { startLocalQueue } from '../../src/local/queue.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { command, scalestream } from '../support/e2e-command.ts';
import { relay } from '../support/e2e-relay.ts';
import { counted, scene } from '../support/e2e-scene.ts';
import { booked, trade } from '../support/e2e-trade.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
/** A deadline, not a duration: far above what a loaded machine takes. */
const PATIENCE = { timeout: 60_000, interval: 50 };

test('Postgres stops in the middle of a run and comes back: a clear message, and each event counts once', {
  timeout: 180_000,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'scalestream-outage-'));
  // The database's user must be able to enter it where we are root.
  chmodSync(directory, 0o755);
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const start = () => startLocalDatabase({ directory, keep: true });
  const first = await start();
  let database = first;
  onTestFinished(() => database.stop());
  const door = await relay(first.port);
  const server = new URL(first.url);
  server.port = String(door.port);
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  onTestFinished(() => proxy.close());
  const set = await scene(server.href);
  const { send, sent } = trade(set.queue, 10);
  await send(800);
  const worker = command(['run', PIPELINE, '--max-messages', '100', '--until-drained', '--json'], {
    ...set.env,
    AWS_ENDPOINT_URL_SQS: proxy.endpoint,
  });
  await proxy.arrived('DeleteMessageBatch', 2);
  door.lead(undefined);
  await first.stop();
  expect(isRunning(first.pid)).toBe(false);
  await worker.said(/the database fails: receiving stopped, nothing is lost\. .*(ECONN|CONNECTION)/);
  await door.refused(3);

  database = await start();
  door.lead(database.port);
  await worker.said(/the database is back: receiving again/);
  const ended = await worker.ended;
  expect(ended, ended.err).toMatchObject({ code: 0 });
  expect(ended.json()).toMatchObject({ rejected: 0, released: 0, lost: 0 });
  expect(await booked(set)).toEqual(sent);
  expect(await scalestream(['verify', PIPELINE], set.env)).toMatchObject({ code: 0 });
});

test('a queue that cannot be reached for a while is told, polled less, and taken up again', {
  timeout: 120_000,
}, async () => {
  const set = await scene();
  const { sqsEndpoint } = inject('servers');
  const door = await relay(Number(new URL(sqsEndpoint).port));
  const env = { ...set.env, AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${door.port}` };
  const { send, sent } = trade(set.queue, 10);
  await send(100);
  // What was on its way to a poll when its connection broke comes back after the visibility timeout.
  const worker = command(['run', PIPELINE, '--visibility', '2s', '--json'], env);
  await vi.waitUntil(async () => (await counted(set, storefront)) === sent.events, PATIENCE);
  door.lead(undefined);
  await send(100);
  await worker.said(/poll-failed: receive 1 in a row failed \(network\): .*; next in \d+ ms/);
  await door.refused(3);
  expect(await counted(set, storefront)).toBe(sent.events / 2);
  door.lead(Number(new URL(sqsEndpoint).port));
  await vi.waitUntil(async () => (await counted(set, storefront)) === sent.events, PATIENCE);
  await vi.waitUntil(async () => {
    const { visible, inFlight } = await set.queue.counts();
    return visible + inFlight === 0;
  }, PATIENCE);
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  expect(ended, ended.err).toMatchObject({ code: 0 });
  expect(await booked(set)).toEqual(sent);
});

test('a queue that dies for good is told; SIGTERM still ends the worker in order', { timeout: 120_000 }, async () => {
  const queue = await startLocalQueue();
  onTestFinished(() => queue.stop());
  const set = await scene();
  const env = { ...set.env, AWS_ENDPOINT_URL_SQS: queue.endpoint };
  const sent = await scalestream(['produce', '--simulate', '--events', '500', '--rate', '100000'], env);
  expect(sent, sent.err).toMatchObject({ code: 0 });
  const worker = command(['run', PIPELINE, '--grace', '10s', '--json'], env);
  await vi.waitUntil(async () => (await counted(set, storefront)) === 500, PATIENCE);
  await queue.stop();
  await worker.said(/poll-failed: .*ECONNREFUSED/);
  worker.child.kill('SIGTERM');
  const ended = await worker.ended;
  expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
  expect(ended.json()).toMatchObject({ committed: 500 });
  expect(await scalestream(['verify', PIPELINE], env)).toMatchObject({ code: 0 });
});
