import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventTable } from '../../src/index.ts';
import { idGiver, idsOf, newIds, pathOf } from '../../src/server/ingest/given-ids.ts';

const Loose = z.looseObject({});
const giver = (read: (event: Record<string, never>) => string) =>
  idGiver(eventTable('things', { schema: Loose, id: read as never, time: () => 0, keep: '1d' }));
const given = (give: ReturnType<typeof giver>, text: string) => give(JSON.parse(text), text, () => 'ID')?.text;

test.each<[string, (e: Record<string, never>) => unknown, readonly string[] | undefined]>([
  ['a property', (e) => e['id'], ['id']],
  ['one within another', (e) => (e['meta'] as unknown as Record<string, unknown>)?.['event id'], ['meta', 'event id']],
  ['the first of two', (e) => e['id'] ?? e['order'], ['id']],
  ['a computation', (e) => `${String(e['a'])}-${String(e['b'])}`, undefined],
  ['the event', (e) => e, undefined],
  ['nothing', () => 'x', undefined],
  ['an error', () => (null as unknown as { id: string }).id, undefined],
])('an accessor of %s', (_, read, path) => expect(pathOf(read)).toEqual(path));

describe('an id is given', () => {
  const top = giver((e) => e['id'] as never);
  test.each([
    ['{}', '{"id":"ID"}'],
    ['{ }', '{"id":"ID"}'],
    ['{ "n": 1.00 }', '{"id":"ID","n": 1.00 }'],
    ['{"id2":1}', '{"id":"ID","id2":1}'],
  ])('to %s', (text, changed) => expect(given(top, text)).toBe(changed));

  test.each(['{"id":"x"}', '{"id":null}', '{"\\u0069d":"x"}', '5', 'null', '[]', '"text"'])('not to %s', (text) =>
    expect(given(top, text)).toBeUndefined(),
  );

  test('within another object, whatever is around it, and not where that is not there', () => {
    const deep = giver((e) => (e['meta'] as unknown as { id: never }).id);
    expect(given(deep, '{"a":[1,{"meta":{}}], "meta" : {"n":1.0} ,"z":"}"}')).toBe(
      '{"a":[1,{"meta":{}}],"meta":{"id":"ID","n":1.0},"z":"}"}',
    );
    expect(given(deep, '{"meta":{"a":1},"meta":{"b":2}}')).toBe('{"meta":{"a":1},"meta":{"id":"ID","b":2}}');
    for (const text of [
      '{}',
      '{"meta":null}',
      '{"meta":[]}',
      '{"meta":{"id":"x"}}',
      '{"\\u006deta":{}}',
      '{"meta":1,"\\u006deta":{}}',
    ])
      expect(given(deep, text), text).toBeUndefined();
  });

  test('not where the accessor finds one elsewhere', () => {
    const either = giver((e) => (e['id'] ?? e['order']) as never);
    expect(given(either, '{"order":"7"}')).toBeUndefined();
    expect(given(either, '{"other":"7"}')).toBe('{"id":"ID","other":"7"}');
  });

  test('never where it is made of the content', () => {
    const content = eventTable('things', { schema: Loose, id: 'content', time: () => 0, keep: '1d' });
    expect(idGiver(content)({}, '{}', randomUUID)).toBeUndefined();
  });
});

test('new ids sort by time and are all different, over many buffers of chance', () => {
  let now = 1_795_000_000_000;
  const make = newIds(() => now);
  const ids = Array.from({ length: 5_000 }, () => {
    now++;
    return make();
  });
  expect(new Set(ids).size).toBe(5_000);
  expect(ids.toSorted()).toEqual(ids);
});

test('ids of a request depend on all that names it, and on the place', () => {
  const all = [
    idsOf(['shop', 'till', 'k'])(0),
    idsOf(['shop', 'till', 'k'])(1),
    idsOf(['shop', 'web', 'k'])(0),
    idsOf(['shopt', 'ill', 'k'])(0),
    idsOf(['other', 'till', 'k'])(0),
  ];
  expect(new Set(all).size).toBe(all.length);
  expect(idsOf(['shop', 'till', 'k'])(0)).toBe(all[0]);
});
