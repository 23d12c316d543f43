import { expect, test, vi } from 'vitest';
import type { Fault, SqsProxy } from '../support/sqs-proxy.ts';
import { always, type Hired, PATIENCE, shop } from './shop.ts';

type Message = { readonly MessageId: string; readonly ReceiptHandle: string };
type Entry = { readonly Id: string };
type Answer = Record<string, unknown>;

const MESSAGES = 60;
const FIRST = 4;
const first = ({ nth }: { readonly nth: number }): boolean => nth <= FIRST;
const odd = ({ nth }: { readonly nth: number }): boolean => nth % 2 === 1;
const messagesOf = (answer: Answer): readonly Message[] => (answer['Messages'] ?? []) as Message[];
const entriesOf = (input: Readonly<Answer>): readonly Entry[] => (input['Entries'] ?? []) as Entry[];
const failed = (code: string, senderFault: boolean) => (input: Readonly<Answer>) => ({
  Failed: entriesOf(input).map(({ Id }) => ({ Id, Code: code, SenderFault: senderFault })),
});

interface QueueFault {
  readonly fault: string;
  readonly action?: string;
  readonly when?: (call: { readonly nth: number }) => boolean;
  readonly how: Fault;
  /** What a worker says of it. */
  readonly said?: RegExp;
  /** What must be true of the worker afterwards. */
  readonly seen?: (worker: Hired, calls: SqsProxy) => void;
}

const known = ({ worker }: Hired): void => expect(worker.stats().duplicates).toBeGreaterThan(0);
const again = ({ source }: Hired): void => expect(source.stats().redelivered).toBeGreaterThan(0);
const error = (status: number, code: string): Fault => ({ kind: 'error', status, code });

const FAULTS: readonly QueueFault[] = [
  {
    fault: 'the same message twice in one answer',
    how: {
      kind: 'alter',
      change: (answer) => ({ Messages: [...messagesOf(answer), ...messagesOf(answer)] }),
    },
    seen: ({ source }) => expect(source.stats().received).toBeGreaterThanOrEqual(2 * MESSAGES),
  },
  {
    fault: 'messages in reversed order',
    how: { kind: 'alter', change: (answer) => ({ Messages: messagesOf(answer).toReversed() }) },
  },
  {
    fault: 'a receive that the queue did and whose answer is lost',
    when: first,
    how: { kind: 'drop-response' },
    seen: again,
  },
  { fault: 'half an answer to a receive', when: first, how: { kind: 'half-response' }, seen: again },
  { fault: 'a receive whose connection is reset', when: first, how: { kind: 'reset' }, said: /poll-failed: .*network/ },
  {
    fault: 'a receive that ends in a 503',
    when: first,
    how: error(503, 'ServiceUnavailable'),
    said: /poll-failed: .*network/,
  },
  {
    fault: 'a receive answered with something that is no JSON',
    when: first,
    how: { kind: 'reply', body: () => '<html>' },
  },
  {
    fault: 'receives that are throttled',
    when: ({ nth }) => nth === 1,
    how: error(400, 'RequestThrottled'),
    said: /throttled/,
  },
  {
    fault: 'too many messages in flight (OverLimit)',
    when: ({ nth }) => nth === 1,
    how: error(403, 'OverLimit'),
    said: /throttled/,
  },
  {
    fault: 'credentials that expired',
    when: ({ nth }) => nth === 1,
    how: error(403, 'ExpiredTokenException'),
    said: /poll-failed: .*credentials/,
  },
  {
    fault: 'empty answers although the queue is full',
    when: ({ nth }) => nth <= 30,
    how: { kind: 'reply', body: () => ({}) },
  },
  {
    fault: 'a delete that the queue did and whose answer is lost',
    action: 'DeleteMessageBatch',
    when: first,
    how: { kind: 'drop-response' },
  },
  { fault: 'half an answer to a delete', action: 'DeleteMessageBatch', when: first, how: { kind: 'half-response' } },
  { fault: 'a delete whose connection is reset', action: 'DeleteMessageBatch', when: first, how: { kind: 'reset' } },
  { fault: 'a delete that ends in a 500', action: 'DeleteMessageBatch', when: first, how: error(500, 'InternalError') },
  {
    fault: 'deletes that are throttled',
    action: 'DeleteMessageBatch',
    when: first,
    how: error(400, 'RequestThrottled'),
  },
  {
    fault: 'credentials that expired between commit and delete',
    action: 'DeleteMessageBatch',
    when: first,
    how: error(403, 'ExpiredTokenException'),
  },
  {
    fault: 'one of ten deletes that fails inside an answer of 200',
    action: 'DeleteMessageBatch',
    when: odd,
    how: {
      kind: 'alter',
      change(_, input) {
        const [one, ...others] = entriesOf(input);
        const Failed = [{ Id: one?.Id, Code: 'InternalError', SenderFault: false }];
        return { Failed, Successful: others.map(({ Id }) => ({ Id })) };
      },
    },
  },
  {
    fault: 'deletes refused for stale receipt handles',
    action: 'DeleteMessageBatch',
    when: first,
    how: { kind: 'reply', body: failed('ReceiptHandleIsInvalid', true) },
    seen: known,
  },
  {
    fault: 'deletes that the queue claims to have done and did not',
    action: 'DeleteMessageBatch',
    when: first,
    how: { kind: 'reply', body: (input) => ({ Successful: entriesOf(input).map(({ Id }) => ({ Id })) }) },
    seen: known,
  },
];

test.each(FAULTS)(
  '$fault: each event counts once',
  async ({ action = 'ReceiveMessage', when = always, how, said, seen }) => {
    const open = await shop({ pack: 10 });
    const { calls, trade } = open;
    await trade.send(MESSAGES);
    let faults = 0;
    calls.fault(action, (call) => when(call) && (faults += 1) > 0, how);
    const hired = await open.hire({ maxMessages: 30 });
    await vi.waitFor(async () => expect(await open.left()).toBe(0), PATIENCE);
    // It reads the last answers.
    await vi.waitFor(() => expect(hired.source.stats().held).toBe(0), PATIENCE);
    expect(faults).toBeGreaterThan(0);
    if (said) expect(hired.warnings.join('\n')).toMatch(said);
    seen?.(hired, calls);
    await hired.leave();
    await open.exact();
  },
);
