import { lastValueFrom, of, toArray } from 'rxjs';
import { expect, test } from 'vitest';
import { json } from '../../src/codecs/json.ts';
import { decode } from '../../src/operators/decode.ts';
import { message } from '../support/message.ts';
import { order, orders } from '../support/orders.ts';

test('a delivery becomes one batch: the events of all its messages, the rejects beside them, and custody of every message', async () => {
  const two = message(JSON.stringify([order('a'), order('b')]));
  const bad = message('nope');
  const one = message(JSON.stringify(order('c')));
  const [batch, ...more] = await lastValueFrom(of([two, bad, one]).pipe(decode(json(orders)), toArray()));
  expect(batch?.entries.map(({ id, message, ordinal }) => [id, message, ordinal])).toEqual([
    ['a', two, 0],
    ['b', two, 1],
    ['c', one, 0],
  ]);
  expect(batch?.rejects).toMatchObject([{ reason: 'not-json', stage: 'decode', message: bad, ordinal: 0 }]);
  expect(batch?.messages).toEqual([two, bad, one]);
  expect(batch?.filtered).toBe(0);
  for (const { story } of [two, bad, one]) expect(story).toEqual(['at decode']);
  expect(more).toEqual([]);
});

test('an empty delivery becomes an empty batch', async () => {
  await expect(lastValueFrom(of([]).pipe(decode(json(orders))))).resolves.toEqual({
    entries: [],
    rejects: [],
    messages: [],
    filtered: 0,
  });
});
