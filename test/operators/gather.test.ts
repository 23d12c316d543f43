import { lastValueFrom, of, Subject, toArray } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import type { Batch } from '../../src/batch.ts';
import { ConfigError } from '../../src/errors.ts';
import { gather, type GatherOptions } from '../../src/operators/gather.ts';
import { refuse } from '../../src/operators/refuse.ts';
import type { RecordedMessage } from '../support/message.ts';
import { batchOf, type Order, order } from '../support/orders.ts';

const virtual = (): TestScheduler => new TestScheduler((got, wanted) => expect(got).toEqual(wanted));
const storyOf = (batch: Batch<unknown>): readonly string[] => (batch.messages[0] as RecordedMessage).story;

/** Batches by letter: a, b, c of one order each; d of three. */
const batches = {
  a: batchOf([order('a')]),
  b: batchOf([order('b')]),
  c: batchOf([order('c')]),
  d: batchOf([order('d1'), order('d2'), order('d3')]),
};

const joined = (...letters: (keyof typeof batches)[]): Batch<Order> => ({
  entries: letters.flatMap((letter) => batches[letter].entries),
  rejects: [],
  messages: letters.flatMap((letter) => batches[letter].messages),
  filtered: 0,
});

/** The batches as rejects: nothing of them can be used. */
const refused = (batch: Batch<Order>): Batch<Order> => ({
  ...batch,
  entries: [],
  rejects: batch.entries.map((entry) => refuse(entry, 'test', 'callback', 'no')),
});

describe('gather', () => {
  test.each<[string, Omit<GatherOptions, 'within'>, string, string, Record<string, Batch<Order>>]>([
    [
      'as soon as there are enough events',
      { events: 2 },
      '-abcd---|',
      '--x-y---|',
      { x: joined('a', 'b'), y: joined('c', 'd') },
    ],
    ['whole batches, even if they are larger', { events: 2 }, 'd----|', 'x----|', { x: joined('d') }],
    [
      'so long after the first event came, and not after the last',
      { events: 9 },
      'a--b------c-----|',
      '-----x---------y|',
      { x: joined('a', 'b'), y: joined('c') },
    ],
    [
      'nothing by time that was already emitted by events',
      { events: 2 },
      'a-bc-------|',
      '--x-----y--|',
      { x: joined('a', 'b'), y: joined('c') },
    ],
    ['the rest when the source completes', { events: 9 }, 'ab|', '--(x|)', { x: joined('a', 'b') }],
    ['nothing where nothing came', { events: 9 }, '-------|', '-------|', {}],
    [
      'what is heavy enough',
      { events: 9, bytes: 90 },
      'abc---|',
      '-x----(y|)',
      { x: joined('a', 'b'), y: joined('c') },
    ],
  ])('emits %s', (_, options, input, output, expected) => {
    virtual().run(({ cold, expectObservable }) => {
      expectObservable(cold(input, batches).pipe(gather({ within: '5ms', ...options }))).toBe(output, expected);
    });
  });

  test('takes its time from the given scheduler', () => {
    const scheduler = virtual();
    const source = new Subject<Batch<Order>>();
    const got: Batch<Order>[] = [];
    source.pipe(gather({ events: 9, within: '5ms', scheduler })).subscribe((batch) => got.push(batch));
    source.next(batches.a);
    expect(got).toEqual([]);
    scheduler.flush();
    expect(got).toEqual([batches.a]);
    source.complete();
  });

  test('rejects count and weigh like events: a flood of them is not gathered without limit', async () => {
    const [a, b] = [refused(batches.a), refused(batches.b)];
    for (const limit of [{ events: 1 }, { events: 9, bytes: 1 }]) {
      const emitted = await lastValueFrom(of(a, b).pipe(gather({ within: '1h', ...limit }), toArray()));
      expect(emitted).toEqual([a, b]);
    }
  });

  test('adds up what filters took out', async () => {
    const some = { ...batches.a, filtered: 2 };
    await expect(
      lastValueFrom(of(some, { ...batches.b, filtered: 3 }).pipe(gather({ events: 9, within: '1h' }))),
    ).resolves.toMatchObject({ filtered: 5, messages: [...batches.a.messages, ...batches.b.messages] });
  });

  test('says that it holds its messages on purpose, until it emits them', () => {
    const batch = batchOf([order('held')]);
    const source = new Subject<Batch<Order>>();
    const subscription = source.pipe(gather({ events: 9, within: '1h' })).subscribe();
    source.next(batch);
    expect(storyOf(batch)).toEqual(['hold gather']);
    source.complete();
    expect(storyOf(batch)).toEqual(['hold gather', 'at gather']);
    expect(subscription.closed).toBe(true);
  });

  test('passes an error on without what it holds, which it neither acknowledges nor releases', () => {
    const batch = batchOf([order('held')]);
    virtual().run(({ cold, expectObservable }) => {
      expectObservable(cold('a--#', { a: batch }).pipe(gather({ events: 9, within: '9ms' }))).toBe('---#');
    });
    expect(storyOf(batch)).toEqual(['hold gather']);
  });

  test('leaves its source and its timer when it is unsubscribed', () => {
    virtual().run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('a------', { a: batchOf([order('a')]) });
      expectObservable(source.pipe(gather({ events: 9, within: '5ms' })), '^--!').toBe('-');
      expectSubscriptions(source.subscriptions).toBe('^--!');
    });
  });

  test('refuses a time without unit', () => {
    expect(() => gather({ events: 9, within: '5' as '5s' })).toThrow(ConfigError);
  });
});
