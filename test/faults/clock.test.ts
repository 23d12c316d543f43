import { expect, test, vi } from 'vitest';
import { always, PATIENCE, shop } from './shop.ts';

const JUMPING = new URL('jumping-clock.ts', import.meta.url).href;

test.each([
  { direction: 'forward', hours: 13 },
  { direction: 'back', hours: -13 },
])(
  'a clock that jumps $direction by hours: leases are renewed, failed polls are repeated, nothing is lost',
  {
    timeout: 120_000,
  },
  async ({ hours }) => {
    const open = await shop();
    const { calls, statements, trade } = open;
    await trade.send(40);
    const worker = open.start(['--visibility', '4s'], {
      NODE_OPTIONS: `--import=${JUMPING}`,
      CLOCK_JUMPS: `${hours},0`,
    });
    await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);

    // Held for longer than their visibility, without a way to the database: their leases alone keep them.
    await statements.door('ignore');
    statements.cutAll();
    await trade.send(5);
    await calls.arrived('ChangeMessageVisibilityBatch', 1);
    worker.child.kill('SIGUSR2');
    await worker.said(new RegExp(`the clock is ${hours} h off`));
    const renewals = calls.of('ChangeMessageVisibilityBatch').length;
    await calls.arrived('ChangeMessageVisibilityBatch', renewals + 2);
    await statements.door('open');
    statements.cutAll();
    await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);

    // The clock goes the other way, while a failed poll waits for its turn.
    const heal = calls.fault('ReceiveMessage', always, { kind: 'error', status: 500, code: 'InternalError' });
    // Ends the poll that is under way.
    await trade.send(1);
    await worker.said(/poll-failed: receive 3 in a row/);
    worker.child.kill('SIGUSR2');
    await worker.said(/the clock is 0 h off/);
    const polls = calls.of('ReceiveMessage').length;
    await calls.arrived('ReceiveMessage', polls + 2);
    heal();
    await trade.send(5);
    await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
    worker.child.kill('SIGTERM');
    const ended = await worker.ended;
    expect(ended, ended.err).toMatchObject({ code: 0 });
    expect(ended.err).not.toMatch(/lease-ended|poll-stuck|lost message/);
    expect(ended.json()).toMatchObject({ committed: trade.sent.events, redelivered: 0, lost: 0 });
    await open.exact();
  },
);
