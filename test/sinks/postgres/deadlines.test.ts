import { expect, test } from 'vitest';
import { deadlines, statementWithin } from '../../../src/sinks/postgres/deadlines.ts';

test.each([2_000, 3_000, 10_000, 60_000, 39_600_000])(
  'with a visibility of %d ms the deadlines fall in order: lock, statement, socket, flush, visibility',
  (visibility) => {
    const { lock, statement, socket, flush } = deadlines(statementWithin(visibility));
    const inOrder = [0, lock, statement, socket, flush, visibility];
    for (const [i, deadline] of inOrder.slice(1).entries()) expect(deadline).toBeGreaterThan(inOrder[i] as number);
  },
);

test('unless told otherwise a statement has 5 s and a flush 10 s', () => {
  expect(deadlines()).toEqual({ lock: 3_000, statement: 5_000, socket: 8_000, flush: 10_000 });
});
