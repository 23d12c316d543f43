import { expect, inject, onTestFinished, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { seededRandom } from '../../src/producer/random.ts';
import { type Command, command, scalestream } from '../support/e2e-command.ts';
import { redeliver } from '../support/e2e-redeliver.ts';
import { counted, scene } from '../support/e2e-scene.ts';
import { booked, trade } from '../support/e2e-trade.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const KILLS = 20;
const CREDIT = 20;
/** Messages sent before each kill: more than two workers with that credit take until the call at which one of them dies. */
const SLICE = 200;
const PACK = 10;
/** A worker dies at one of its next calls, at most so many on. */
const CALLS = 4;

test('twenty times a worker is killed while messages arrive up to three times: each event counts once', {
  timeout: 240_000,
}, async () => {
  const set = await scene();
  const { env, queue } = set;
  const proxies = await Promise.all([0, 1].map(() => sqsProxy(inject('servers').sqsEndpoint)));
  onTestFinished(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
  const repeats = redeliver(proxies);
  const { send, sent } = trade(queue, PACK);
  const run = ['run', PIPELINE, '--visibility', '2s', '--max-messages', String(CREDIT)];
  const start = (slot: number): Command => command(run, { ...env, AWS_ENDPOINT_URL_SQS: proxies[slot]?.endpoint });
  const workers = [start(0), start(1)];
  const seed = Date.now();
  const dice = seededRandom(seed);
  const seen: { readonly counted: number; readonly sent: number }[] = [];

  for (let kill = 0; kill < KILLS; kill++) {
    const slot = dice.below(2);
    const worker = workers[slot] as Command;
    const proxy = proxies[slot] as (typeof proxies)[number];
    await worker.said(/worker of 'storefront'/);
    await send(SLICE);
    // A receive: between any two steps. A delete: after the commit, before the queue knows.
    const action = dice.below(2) === 0 && kill > 0 ? 'ReceiveMessage' : 'DeleteMessageBatch';
    await proxy.arrived(action, proxy.of(action).length + 1 + dice.below(CALLS));
    worker.child.kill('SIGKILL');
    expect(await worker.ended).toMatchObject({ signal: 'SIGKILL' });
    seen.push({ counted: await counted(set, storefront), sent: sent.events });
    workers[slot] = start(slot);
  }
  // Each died while data flowed: something was counted, and something was not yet.
  for (const at of seen) {
    expect(at.counted, `seed ${seed}`).toBeGreaterThan(0);
    expect(at.counted, `seed ${seed}`).toBeLessThan(at.sent);
  }
  expect(sent.events).toBe(KILLS * SLICE * PACK);

  const last = await scalestream(['run', PIPELINE, '--until-drained', '--visibility', '2s', '--json'], {
    ...env,
    AWS_ENDPOINT_URL_SQS: proxies[0]?.endpoint,
  });
  expect(last, last.err).toMatchObject({ code: 0 });
  for (const worker of workers) worker.child.kill('SIGTERM');
  expect(await Promise.all(workers.map(async (worker) => (await worker.ended).code))).toEqual([0, 0]);

  expect(repeats()).toBeGreaterThan(KILLS * SLICE);
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified, verified.out).toMatchObject({ code: 0 });
  expect(verified.json()).toMatchObject({ equal: true, events: sent.events, differing: 0, rejects: 0 });
  expect(sent.purchases).toBeGreaterThan(0);
  expect(await booked(set)).toEqual(sent);
});
