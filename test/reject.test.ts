import { expect, test } from 'vitest';
import { type Reject, rejectIdentity } from '../src/reject.ts';
import { message } from './support/message.ts';

const reject = (given: Partial<Reject>): Reject => ({
  reason: 'schema',
  detail: '',
  stage: 'decode',
  message: message('{}', { id: 'm1' }),
  ordinal: 0,
  position: -1,
  body: '{}',
  knownBy: undefined,
  ...given,
});

test('a reject that names its event is the same in whatever message it comes', () => {
  const a = reject({ knownBy: '{"id":1}' });
  const again = reject({ knownBy: '{"id":1}', message: message('[…]', { id: 'm2' }), ordinal: 7 });
  expect(rejectIdentity(again)).toBe(rejectIdentity(a));
  expect(rejectIdentity(reject({ knownBy: '{"id":2}' }))).not.toBe(rejectIdentity(a));
});

test('a reject without a name is the same only at its place in a redelivered message of its source', () => {
  const first = rejectIdentity(reject({}));
  expect(rejectIdentity(reject({ message: message('{}', { id: 'm1' }) }))).toBe(first);
  const others = [
    reject({ ordinal: 1 }),
    reject({ message: message('{}', { id: 'm2' }) }),
    reject({ message: message('{}', { id: 'm1', source: 'other' }) }),
  ];
  for (const other of others) expect(rejectIdentity(other)).not.toBe(first);
});
