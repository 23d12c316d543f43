import { expect, test, vi } from 'vitest';
import { virtualClock } from '../../../src/testing/virtual-clock.ts';
import { collect } from '../../support/collect.ts';
import { PATIENCE, proxiedQueue } from '../../support/proxied-queue.ts';

test('leases whose renewal failed as a whole call are renewed at a next turn, with a warning', async () => {
  const { proxy, connect, warnings } = await proxiedQueue(['a']);
  proxy.fault('ChangeMessageVisibilityBatch', ({ nth }) => nth === 1, {
    kind: 'error',
    status: 500,
    code: 'InternalError',
  });
  const clock = virtualClock();
  const source = await connect({ clock });
  const collected = collect(source, (message) => message.custody.at('buffer', true));
  await collected.received(1);
  source.stop();
  await collected.completed;
  await clock.advance(31_000);
  await proxy.arrived('ChangeMessageVisibilityBatch', 1);
  await vi.waitFor(async () => {
    await clock.advance(1_000);
    expect(proxy.of('ChangeMessageVisibilityBatch').length).toBeGreaterThan(1);
  }, PATIENCE);
  expect(warnings).toEqual([expect.stringMatching(/^lease-failed: 1 leases were not renewed: .*trying again$/)]);
  await source.drained(0);
});
