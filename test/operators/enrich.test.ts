import { expect, test } from 'vitest';
import type { Lookup } from '../../src/index.ts';
import { enrich } from '../../src/operators/enrich.ts';
import { lookupOf } from '../../src/testing/index.ts';
import { enriching } from '../support/enriching.ts';
import type { RecordedMessage } from '../support/message.ts';

const shelf = { tea: 'left', mug: 'right' };

test('an event gets what is known of its key; its id, time, raw text and custody stay, and its JSON is gone', async () => {
  const { give, out } = enriching(lookupOf(shelf));
  const batch = await give('tea', 'mug');
  expect(out).toEqual([
    {
      ...batch,
      entries: batch.entries.map((entry, i) => ({
        ...entry,
        value: { ...entry.value, found: i === 0 ? 'left' : 'right' },
        json: undefined,
        enriched: true,
      })),
    },
  ]);
  expect(out[0]?.messages).toBe(batch.messages);
});

test('a batch asks once, for the distinct keys that are not remembered', async () => {
  const lookup = lookupOf(shelf);
  const { give, found } = enriching(lookup);
  await give('tea', 'tea', 'mug');
  await give('tea', 'pen');
  await give('mug', 'pen', 'tea');
  expect(lookup.asked).toEqual([['tea', 'mug'], ['pen']]);
  expect(found()).toEqual([
    ['left', 'left', 'right'],
    ['left', null],
    ['right', null, 'left'],
  ]);
});

test('an event without a key is given null and asks nobody, also where what is missing is a reject', async () => {
  const lookup = lookupOf(shelf);
  const { give, found } = enriching(lookup, { missing: 'reject' });
  await give(null);
  expect(lookup.asked).toEqual([]);
  expect(found()).toEqual([[null]]);
});

test('an answer is asked for again once it is older than the ttl; "nothing there" after a tenth of it', async () => {
  const known = new Map([['tea', 'left']]);
  const lookup = lookupOf(known);
  const { give, found, clock } = enriching(lookup, { ttl: '100s' });
  await give('tea', 'pen');
  known.set('tea', 'moved').set('pen', 'new');
  await clock.advance(9_000);
  await give('tea', 'pen');
  await clock.advance(2_000);
  await give('tea', 'pen');
  await clock.advance(90_000);
  await give('tea', 'pen');
  expect(lookup.asked).toEqual([['tea', 'pen'], ['pen'], ['tea']]);
  expect(found()).toEqual([
    ['left', null],
    ['left', null],
    ['left', 'new'],
    ['moved', 'new'],
  ]);
});

test('no more answers are remembered than declared, and a batch of more keys has them all the same', async () => {
  const lookup = lookupOf({ a: 1, b: 2, c: 3 });
  const { give, found } = enriching(lookup, { entries: 2 });
  await give('a', 'b', 'c');
  await give('b', 'c');
  await give('a');
  expect(found()).toEqual([[1, 2, 3], [2, 3], [1]]);
  expect(lookup.asked).toEqual([['a', 'b', 'c'], ['a']]);
});

test('where what is missing is a reject, it is `not-found` with the event as it arrived; the siblings go on', async () => {
  const { give, out } = enriching(lookupOf(shelf), { missing: 'reject' });
  const batch = await give('tea', 'pen', 'mug');
  expect(out[0]?.entries.map((entry) => entry.id)).toEqual(['tea-0', 'mug-2']);
  expect(out[0]?.rejects).toMatchObject([
    {
      reason: 'not-found',
      detail: expect.stringContaining("knows nothing of key 'pen'"),
      stage: 'enrich test',
      body: batch.entries[1]?.raw,
      message: batch.messages[1],
      knownBy: expect.stringContaining('pen-1'),
    },
  ]);
});

test('an event whose callback throws is a reject, and so is one whose key nobody can be asked for; the siblings go on', async () => {
  const { give, out } = enriching(lookupOf<string>(shelf), {
    key: (e) => {
      if (e.product === 'no key') throw new Error('no key');
      return e.product === 'number' ? (7 as unknown as string) : e.product === 'half' ? '\ud800' : e.product;
    },
    into: (e, found) => {
      if (e.product === 'mug') throw new Error('no mugs');
      return { ...e, found };
    },
  });
  await give('tea', 'no key', 'mug', 'number', 'half');
  expect(out[0]?.entries.map(({ value }) => value.found)).toEqual(['left']);
  expect(out[0]?.rejects.map(({ reason, detail }) => [reason, detail.split('. Fix')[0]])).toEqual([
    ['callback', 'no key'],
    ['callback', 'key: expected text, or null; got a number'],
    ['callback', 'key: expected text, or null; got text with half a character or a NUL'],
    ['callback', 'no mugs'],
  ]);
});

test('a message is held from its arrival to its answer, and no longer', async () => {
  const answer = Promise.withResolvers<ReadonlyMap<string, string>>();
  const { give, clock } = enriching({ name: 'slow', open: () => ({ find: () => answer.promise }) });
  const storyOf = async (...products: string[]) => ((await give(...products)).messages[0] as RecordedMessage).story;
  const first = await storyOf('tea');
  const second = await storyOf('tea');
  expect(first.at(-1)).toBe('hold enrich slow');
  expect(second).toEqual(['hold enrich slow']);
  answer.resolve(new Map());
  await clock.advance(0);
  expect(first.at(-1)).toBe('at enrich slow');
  expect(second.at(-1)).toBe('at enrich slow');
});

test('nobody is asked and nothing is opened before the graph is subscribed, and what it opened is closed with it', async () => {
  const story: string[] = [];
  const lookup: Lookup<string> = {
    name: 'seen',
    open() {
      story.push('open');
      return {
        find: () => Promise.reject(new Error('asked')),
        close: () => void story.push('close'),
      };
    },
  };
  const options = { key: () => null, into: (e: object) => e };
  enrich(lookup, options);
  expect(story).toEqual([]);
  const { complete } = enriching(lookup);
  complete();
  expect(story).toEqual(['open', 'close']);
  enriching(lookup).subscription.unsubscribe();
  expect(story).toEqual(['open', 'close', 'open', 'close']);
});

test.each([
  ['a misspelt option', { paitence: '5s' }, "did you mean 'patience'?"],
  ['another word for missing', { missing: 'drop' }, "'null', 'reject' or 'wait'"],
  ['no room for answers', { entries: 0 }, 'a whole number'],
  ['a time without unit', { ttl: '5' }, 'enrich test ttl'],
  ['no key', { key: undefined }, 'enrich test key'],
])('%s is refused where it is declared', (_, options, said) => {
  const whole = { key: () => null, into: (e: object) => e, ...options } as never;
  expect(() => enrich(lookupOf({}), whole)).toThrow(said);
});

test('what is no look-up is refused where it is declared', () => {
  const query = { name: 'crm', find: () => undefined } as never;
  expect(() => enrich(query, { key: () => null, into: (e: object) => e })).toThrow('expected a look-up');
});
