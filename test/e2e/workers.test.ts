import { expect, inject, onTestFinished, test } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { command, scalestream } from '../support/e2e-command.ts';
import { redeliver } from '../support/e2e-redeliver.ts';
import { counted, scene } from '../support/e2e-scene.ts';
import { booked, trade } from '../support/e2e-trade.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
const RUN = ['run', PIPELINE, '--until-drained', '--json'];

test('two workers with the same messages at once count each event once', { timeout: 120_000 }, async () => {
  const set = await scene();
  const { env, queue } = set;
  const proxies = await Promise.all([0, 1].map(() => sqsProxy(inject('servers').sqsEndpoint)));
  onTestFinished(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  });
  redeliver(proxies);
  const { send, sent } = trade(queue, 20);
  await send(400);
  expect(await scalestream(['migrate', PIPELINE], env)).toMatchObject({ code: 0 });
  const ended = await Promise.all(
    proxies.map(({ endpoint }) => scalestream(RUN, { ...env, AWS_ENDPOINT_URL_SQS: endpoint })),
  );
  const [a, b] = ended.map(({ code, err, json }) => {
    expect(code, err).toBe(0);
    return json() as { committed: number; duplicates: number };
  });
  expect(Number(a?.committed) + Number(b?.committed)).toBe(sent.events);
  expect(Number(a?.duplicates) + Number(b?.duplicates)).toBeGreaterThan(0);
  const verified = await scalestream(['verify', PIPELINE, '--json'], env);
  expect(verified.json()).toMatchObject({ equal: true, events: sent.events, rejects: 0 });
  expect(sent.purchases).toBeGreaterThan(0);
  expect(await booked(set)).toEqual(sent);
});

test('SIGTERM in the middle of a run: everything held is committed and deleted, exit code 0, no redelivery', {
  timeout: 120_000,
}, async () => {
  const set = await scene();
  const { env, queue } = set;
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  onTestFinished(() => proxy.close());
  const { send, sent } = trade(queue, 10);
  await send(600);
  const worker = command(['run', PIPELINE, '--max-messages', '50', '--grace', '20s', '--json'], {
    ...env,
    AWS_ENDPOINT_URL_SQS: proxy.endpoint,
  });
  await proxy.arrived('DeleteMessageBatch', 2);
  worker.child.kill('SIGTERM');
  const stopped = await worker.ended;
  expect(stopped, stopped.err).toMatchObject({ code: 0, signal: null });
  const half = await counted(set, storefront);
  expect(half).toBeGreaterThan(0);
  expect(half).toBeLessThan(sent.events);
  expect(stopped.json()).toMatchObject({ committed: half, duplicates: 0, redelivered: 0, released: 0, lost: 0 });
  expect(await queue.counts()).toEqual({ visible: (sent.events - half) / 10, inFlight: 0, delayed: 0 });

  const rest = await scalestream(RUN, env);
  expect(rest.json()).toMatchObject({ committed: sent.events - half, duplicates: 0, redelivered: 0 });
  expect(sent.purchases).toBeGreaterThan(0);
  expect(await booked(set)).toEqual(sent);
});
