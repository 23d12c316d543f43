import { ChangeMessageVisibilityBatchCommand } from '@aws-sdk/client-sqs';
import { expect, test, vi } from 'vitest';
import { always, PATIENCE, shop } from './shop.ts';

interface Message {
  readonly ReceiptHandle: string;
}

const MESSAGES = 60;
const messagesOf = (answer: Readonly<Record<string, unknown>>): readonly Message[] =>
  (answer['Messages'] ?? []) as Message[];

test('messages delivered once more long after they were deleted are known', async () => {
  const open = await shop({ pack: 10 });
  const { calls, trade } = open;
  const delivered: Message[] = [];
  const heal = calls.fault('ReceiveMessage', always, {
    kind: 'alter',
    change(answer) {
      delivered.push(...messagesOf(answer));
      return answer;
    },
  });
  await trade.send(MESSAGES);
  const { worker, source, leave } = await open.hire();
  await vi.waitFor(() => expect(source.stats()).toMatchObject({ acknowledged: MESSAGES, held: 0 }), PATIENCE);
  heal();
  expect(await open.left()).toBe(0);
  const { committed } = worker.stats();
  calls.fault('ReceiveMessage', () => delivered.length > 0, {
    kind: 'reply',
    body: ({ MaxNumberOfMessages: most }) => ({ Messages: delivered.splice(0, Number(most)) }),
  });
  await vi.waitFor(() => expect(worker.stats().duplicates).toBe(committed), PATIENCE);
  expect(await leave()).toMatchObject({ committed, duplicates: committed, windows: worker.stats().windows });
  await open.exact();
});

test('a visibility that ends early: two workers hold the same messages, and each event counts once', async () => {
  const open = await shop({ pack: 10 });
  const { calls, trade, sql, queue } = open;
  await trade.send(MESSAGES);
  const handles: string[] = [];
  calls.fault('ReceiveMessage', always, {
    kind: 'alter',
    change(answer) {
      handles.push(...messagesOf(answer).map(({ ReceiptHandle }) => ReceiptHandle));
      return answer;
    },
  });
  const holding = { visibilityTimeout: '60s' } as const;
  const early = await open.hire(holding);
  await vi.waitFor(() => expect(early.source.stats()).toMatchObject({ acknowledged: MESSAGES, held: 0 }), PATIENCE);
  await early.leave();
  const [before, done] = [await open.counted(), handles.length];
  const lock = await sql.reserve();
  await lock`begin`;
  await lock`lock table product_trade in share mode`;
  // With so little credit it asks for nothing more while it holds something.
  const a = await open.hire({ ...holding, name: 'a', migrate: false, maxMessages: 10 });
  await trade.send(10);
  await vi.waitFor(() => expect(a.source.stats().held).toBeGreaterThan(0), PATIENCE);
  const { held } = a.source.stats();
  const Entries = handles
    .slice(done)
    .map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
  await queue.client.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queue.url, Entries }));
  const b = await open.hire({ ...holding, name: 'b', migrate: false });
  await vi.waitFor(() => expect(b.source.stats().held).toBe(10), PATIENCE);
  await lock`rollback`;
  lock.release();
  const [one, other] = await Promise.all([a.leave(), b.leave()]);
  const fresh = trade.sent.events - before;
  expect([one.committed + other.committed, one.duplicates + other.duplicates]).toEqual([fresh, held * 10]);
  await open.exact();
});
