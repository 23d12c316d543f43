import { expect, test } from 'vitest';
import type { Frame } from '../../../src/server/stream/frame.ts';
import { unsent } from '../../../src/server/stream/unsent.ts';

const frame = (
  rows: readonly (readonly [key: string, start: string, text: string])[],
  given: Partial<Frame> = {},
): Frame => ({
  table: 'trade',
  kind: 'changes',
  rows: rows.map(([key, start, text]) => ({ key, start, text })),
  removed: [],
  meta: '{}',
  position: { xid: 1n, us: undefined, database: 'db' },
  ...given,
});

test('one frame that waits is that frame, which all share', () => {
  const first = frame([['a', '1', 'x']]);
  expect(unsent(first, 10).frame()).toBe(first);
});

test('of a window that changed several times the last contents are sent, and it is told up to where', () => {
  const waiting = unsent(
    frame([
      ['a', '1', 'old'],
      ['b', '1', 'b'],
    ]),
    10,
  );
  const last = frame([['a', '1', 'new']], { meta: '{"asOf":2}', position: { xid: 2n, us: '5', database: 'db' } });
  expect(waiting.add(last)).toBe(true);
  const { rows, ...rest } = waiting.frame();
  expect(rows.map(({ text }) => text).sort()).toEqual(['b', 'new']);
  expect(rest).toMatchObject({ kind: 'changes', meta: '{"asOf":2}', position: { xid: 2n, us: '5' } });
});

test('all there is takes the place of what waited; what changed after it is added', () => {
  const waiting = unsent(frame([['a', '1', 'gone']]), 10);
  waiting.add(frame([['b', '1', 'all']], { kind: 'whole' }));
  waiting.add(frame([['c', '1', 'later']]));
  expect(waiting.frame()).toMatchObject({ kind: 'whole', rows: [{ text: 'all' }, { text: 'later' }] });
});

test('a session that was taken in is not sent any more', () => {
  const waiting = unsent(
    frame([
      ['a', '2', 'taken in'],
      ['b', '2', 'of another key'],
    ]),
    10,
  );
  waiting.add(frame([['a', '1', 'larger']], { removed: [{ key: 'a', after: '1', before: '3' }] }));
  expect(
    waiting
      .frame()
      .rows.map(({ text }) => text)
      .sort(),
  ).toEqual(['larger', 'of another key']);
  expect(waiting.frame().removed).toHaveLength(1);
});

test('more windows than may be held for a client are too much, however often the same ones are not', () => {
  const waiting = unsent(frame([['a', '1', 'x']]), 2);
  for (let i = 0; i < 100; i++)
    expect(
      waiting.add(
        frame([
          ['a', '1', `${i}`],
          ['b', '1', 'y'],
        ]),
      ),
    ).toBe(true);
  expect(waiting.add(frame([['c', '1', 'z']]))).toBe(false);
});
