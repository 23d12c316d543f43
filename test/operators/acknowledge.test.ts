import { lastValueFrom, of } from 'rxjs';
import { expect, test } from 'vitest';
import { acknowledge } from '../../src/operators/acknowledge.ts';
import { message } from '../support/message.ts';

test('every message of a committed batch is acknowledged, once, and the receipt says what became of its events', async () => {
  const messages = [message('a'), message('b')];
  const counts = { committed: 3, duplicates: 2, rejected: 1, filtered: 0, diverted: 0, late: 0, windows: 2 };
  const receipt = await lastValueFrom(of({ messages, counts }).pipe(acknowledge()));
  expect(receipt).toEqual({ acknowledged: 2, counts });
  expect(messages.map(({ story }) => story)).toEqual([['acknowledge'], ['acknowledge']]);
});
