import { Problem } from '../problem.ts';
import type { IngestAnswer } from './receive.ts';

/** A body that cannot be read as what it says it is. */
export const badBody = (expected: string, got: string, fix: string): Problem =>
  new Problem({ status: 400, code: 'body', title: 'the body cannot be read', expected, got, fix });

/** A body of too many bytes or events. */
export const tooLarge = (expected: string, got: string): Problem =>
  new Problem({ status: 413, code: 'too-large', title: 'too much at once', expected, got, fix: 'send it in parts' });

/** All there is room for is on its way. */
export const busy = (): Problem =>
  new Problem({
    status: 429,
    code: 'busy',
    title: 'too much is on its way',
    expected: 'fewer events at a time',
    got: 'more than may be held at a time',
    fix: 'send it again after a while; nothing of it was taken',
    headers: { 'retry-after': '1' },
  });

/** Nothing was good. */
export const noneAccepted = (answer: IngestAnswer): Problem =>
  new Problem({
    status: 422,
    code: 'rejected',
    title: 'no event was accepted',
    expected: 'events as the pipeline declares them',
    got: `${answer.rejected} that are not`,
    fix: 'see problems',
    details: { ...answer },
  });

/** The queue did not accept all in time. What it has not said it has, it may have all the same. */
export const notSent = (answer: IngestAnswer, unsent: readonly number[]): Problem =>
  new Problem({
    status: 503,
    code: 'queue',
    title: 'the queue does not answer, or takes no events',
    expected: `it to accept ${answer.accepted + unsent.length} events`,
    got: `${answer.accepted}`,
    fix: 'send the events in unsent again, each with the id that it has or that given tells: then none counts twice. With an idempotency-key: the same request',
    headers: { 'retry-after': '2' },
    details: { ...answer, unsent },
  });

/** It is about to end, or closed for events. */
export const closing = (): Problem =>
  new Problem({
    status: 503,
    code: 'closing',
    title: 'the server takes no more events',
    expected: 'one that goes on',
    got: 'one that is about to end',
    fix: 'send it again; nothing of it was taken',
    headers: { 'retry-after': '1', connection: 'close' },
  });
