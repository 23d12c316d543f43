import { expect, test } from 'vitest';
import { answers } from '../../src/operators/answers.ts';

/** Answers by a clock that begins at 0, as virtual time may. */
function remembered(options: { readonly entries?: number; readonly absentMs?: number } = {}) {
  const time = { now: 0 };
  return { time, ...answers<string>({ entries: 10, ttlMs: 100, absentMs: 10, now: () => time.now, ...options }) };
}

test('an answer is known for its ttl, from when it was given and not from when it was last of use', () => {
  const { time, get, set } = remembered();
  set('a', 'left');
  time.now = 100;
  expect(get('a')).toBe('left');
  time.now = 101;
  expect(get('a')).toBeUndefined();
});

test('"nothing there" is an answer too, known for a time of its own', () => {
  const { time, get, set } = remembered();
  set('a', null);
  expect(get('a')).toBeNull();
  time.now = 11;
  expect(get('a')).toBeUndefined();
});

test('where "nothing there" is not to be known, it also ends what was known', () => {
  const { get, set } = remembered({ absentMs: 0 });
  set('a', 'left');
  set('a', null);
  expect(get('a')).toBeUndefined();
});

test('the answer goes that was least recently of use', () => {
  const { get, set } = remembered({ entries: 2 });
  set('a', '1');
  set('b', '2');
  get('a');
  set('c', '3');
  expect([get('a'), get('b'), get('c')]).toEqual(['1', undefined, '3']);
});
