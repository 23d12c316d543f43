import { expect, test, vi } from 'vitest';
import { pollDelay } from '../../../src/sources/backoff.ts';
import { collect } from '../../support/collect.ts';
import { virtualClock, settle } from '../../../src/testing/virtual-clock.ts';
import { numbered, PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';

const always = () => true;

test('a poll that never ends is reported and replaced, and the source goes on receiving', async () => {
  const { proxy, queue, connect, warnings } = await proxiedQueue();
  proxy.fault('ReceiveMessage', ({ nth }) => nth === 1, { kind: 'black-hole' });
  const clock = virtualClock();
  const source = await connect({ clock, maxPollers: 1 });
  const collected = collect(source, (message) => message.custody.acknowledge());
  await proxy.arrived('ReceiveMessage', 1);
  await clock.advance(15_000);
  expect(warnings).toEqual([]);
  await clock.advance(2_000);
  expect(warnings).toEqual([expect.stringContaining('poll-stuck')]);
  await queue.send(['after']);
  await collected.received(1);
  await clock.advance(100);
  await source.drained(60_000);
});

test('failed receives are repeated ever more slowly, and a good one resets the wait', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['good']);
  const heal = proxy.fault('ReceiveMessage', always, { kind: 'error', status: 500, code: 'InternalError' });
  const clock = virtualClock();
  const source = await connect({ clock, random: () => 0 });
  collect(source);
  for (const [index, delay] of [50, 100, 200, 400, 800].entries()) {
    await vi.waitFor(() => expect(warnings).toHaveLength(index + 1), PATIENCE);
    await clock.advance(delay - 1);
    expect(proxy.of('ReceiveMessage')).toHaveLength(index + 1);
    await clock.advance(1);
    await proxy.arrived('ReceiveMessage', index + 2);
  }
  await vi.waitFor(() => expect(warnings).toHaveLength(6), PATIENCE);
  heal();
  proxy.fault('ReceiveMessage', ({ nth }) => nth >= 8, { kind: 'reset' });
  await clock.advance(1_600);
  await vi.waitFor(() => expect(warnings).toHaveLength(7), PATIENCE);
  expect(warnings[6]).toContain('receive 1 in a row');
  await source.drained(0);
});

test('the wait after a failed receive is jittered, never zero, and has a cap', () => {
  for (const failure of ['network', 'throttled', 'credentials', 'refused'] as const) {
    for (let failures = 1; failures < 60; failures += 1) {
      const [least, most] = [pollDelay(failure, failures, () => 0), pollDelay(failure, failures, () => 1)];
      expect(least).toBeGreaterThanOrEqual(50);
      expect(most).toBe(2 * least);
      expect(most).toBeLessThanOrEqual(60_000);
    }
  }
});

test('a queue deleted under a running source is waited for, with a warning that says that it refuses', async () => {
  const { proxy, connect, warnings } = await proxiedQueue();
  proxy.fault('ReceiveMessage', always, { kind: 'error', status: 400, code: 'QueueDoesNotExist' });
  const clock = virtualClock();
  const source = await connect({ clock });
  collect(source);
  await vi.waitFor(() => expect(warnings).toEqual([expect.stringContaining('queue-refuses')]), PATIENCE);
  await clock.advance(4_000);
  expect(proxy.of('ReceiveMessage')).toHaveLength(1);
  await source.drained(0);
});

test('a warning callback that throws does not stop the polls', async () => {
  const reported = vi.spyOn(process, 'emitWarning').mockReturnValue();
  const { proxy, connect } = await proxiedQueue(['arrives']);
  proxy.fault('ReceiveMessage', ({ nth }) => nth === 1, { kind: 'error', status: 500, code: 'InternalError' });
  const source = await connect({
    onWarning() {
      throw new Error('from the callback');
    },
  });
  await collect(source).received(1);
  expect(reported).toHaveBeenCalledWith(expect.objectContaining({ message: 'from the callback' }));
  reported.mockRestore();
  await source.drained(0);
});

test('one unsettled message does not hold up the receives after it', async () => {
  const { connect } = await proxiedQueue(numbered(60));
  const source = await connect();
  const collected = collect(source, ({ body, custody }) => body !== 'message 0' && custody.acknowledge());
  await collected.received(60);
  await source.drained(0);
  expect(source.stats()).toMatchObject({ acknowledged: 59, released: 1 });
});

test('without credit no receive is started, so that no message ages in a buffer', async () => {
  const { proxy, queue, connect } = await proxiedQueue(numbered(30));
  const clock = virtualClock();
  const source = await connect({ clock, maxMessages: 10 });
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await collected.received(10);
  await clock.advance(10_000);
  expect(proxy.of('ReceiveMessage')).toHaveLength(1);
  expect(await queue.counts()).toMatchObject({ visible: 20, inFlight: 10 });
  await source.drained(0);
});

test('a backlog has as many polls under way as maxPollers allows', async () => {
  const { proxy, connect } = await proxiedQueue(numbered(100));
  const gate = Promise.withResolvers<void>();
  // Two full receives: then there are as many pollers as there may be.
  proxy.fault('ReceiveMessage', ({ nth }) => nth > 2, { kind: 'hold', until: gate.promise });
  const clock = virtualClock();
  const source = await connect({ maxPollers: 3, clock });
  const collected = collect(source, (message) => message.custody.acknowledge());
  await proxy.arrived('ReceiveMessage', 2);
  await vi.waitFor(() => expect(collected.messages).toHaveLength(20), PATIENCE);
  // The one that came to watch the queue when it was still idle rests until then.
  await clock.advance(500);
  await proxy.arrived('ReceiveMessage', 5);
  await settle();
  expect(proxy.of('ReceiveMessage')).toHaveLength(5);
  gate.resolve();
  await vi.waitFor(async () => {
    await clock.advance(100);
    expect(source.stats()).toMatchObject({ acknowledged: 100, held: 0 });
  }, PATIENCE);
  await source.drained(10_000);
});

test('an idle source has two polls of a second under way, and asks after each whether anything waits', async () => {
  const { proxy, connect } = await proxiedQueue();
  const gate = Promise.withResolvers<void>();
  const release = proxy.fault('ReceiveMessage', always, { kind: 'hold', until: gate.promise });
  const source = await connect();
  const asked = proxy.of('GetQueueAttributes').length;
  collect(source);
  await proxy.arrived('ReceiveMessage', 2);
  expect(proxy.of('ReceiveMessage')[0]?.input).toMatchObject({ WaitTimeSeconds: 1, MaxNumberOfMessages: 10 });
  release();
  gate.resolve();
  await proxy.arrived('GetQueueAttributes', asked + 2);
  await source.drained(10_000);
});

test('stop lets the poll under way end, and delivers what it still brings', async () => {
  const { proxy, queue, connect } = await proxiedQueue();
  const source = await connect({ waitSeconds: 5 });
  const collected = collect(source, (message) => message.custody.acknowledge());
  await proxy.arrived('ReceiveMessage', 1);
  source.stop();
  await queue.send(['just in time']);
  await collected.completed;
  expect(collected.bodies()).toEqual(['just in time']);
  expect(proxy.of('ReceiveMessage')).toMatchObject([{ aborted: false }]);
  await source.drained(5_000);
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a poll that outlives stop by five seconds is aborted, and the delete under way is not', async () => {
  const { proxy, queue, connect } = await proxiedQueue(['a']);
  const gate = Promise.withResolvers<void>();
  proxy.fault('DeleteMessageBatch', always, { kind: 'hold', until: gate.promise });
  proxy.fault('ReceiveMessage', ({ nth }) => nth === 2, { kind: 'black-hole' });
  const clock = virtualClock();
  const source = await connect({ clock });
  const collected = collect(source, (message) => message.custody.acknowledge());
  await collected.received(1);
  await proxy.arrived('ReceiveMessage', 2);
  await clock.advance(50);
  await proxy.arrived('DeleteMessageBatch', 1);
  source.stop();
  await clock.advance(5_999);
  expect(proxy.of('ReceiveMessage')[1]?.aborted).toBe(false);
  await clock.advance(1);
  await collected.completed;
  await vi.waitFor(() => expect(proxy.of('ReceiveMessage')[1]?.aborted).toBe(true), PATIENCE);
  expect(proxy.of('DeleteMessageBatch')).toMatchObject([{ aborted: false }]);
  gate.resolve();
  await source.drained(60_000);
  expect(await queue.counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a source that was unsubscribed cannot be started again beside its own last poll', async () => {
  const { proxy, connect } = await proxiedQueue();
  const source = await connect();
  collect(source).subscription.unsubscribe();
  await expect(collect(source).completed).rejects.toThrow('one subscriber');
  await source.drained(5_000);
  expect(proxy.of('ReceiveMessage')).toHaveLength(1);
});

test('deletes do not wait for polls, however many are under way', async () => {
  const { proxy, queue, connect } = await proxiedQueue(numbered(100));
  const gate = Promise.withResolvers<void>();
  const source = await connect({ maxPollers: 8 });
  const collected = collect(source);
  await collected.received(100);
  proxy.fault('ReceiveMessage', always, { kind: 'hold', until: gate.promise });
  await vi.waitFor(() => expect(proxy.of('ReceiveMessage').length).toBeGreaterThan(10), PATIENCE);
  for (const message of collected.messages) message.custody.acknowledge();
  await vi.waitFor(() => expect(source.stats().held).toBe(0), PATIENCE);
  expect(await queue.counts()).toMatchObject({ visible: 0, inFlight: 0 });
  gate.resolve();
  await source.drained(5_000);
});

test('an endless row of polls leaves no listeners behind', async () => {
  const reported: string[] = [];
  const listen = (warning: Error) => reported.push(warning.name);
  process.on('warning', listen);
  const { proxy, connect } = await proxiedQueue();
  // SQS leaves `Messages` out when there are none.
  const heal = proxy.fault('ReceiveMessage', always, { kind: 'reply', body: () => ({}) });
  const source = await connect();
  collect(source);
  await proxy.arrived('ReceiveMessage', 300);
  heal();
  await source.drained(5_000);
  process.off('warning', listen);
  expect(reported).toEqual([]);
  expect(source.stats().received).toBe(0);
});
