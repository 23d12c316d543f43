import { describe, expect, test } from 'vitest';
import { backoff, ConfigError, LookupError, type Lookup } from '../../src/index.ts';
import { lookupOf } from '../../src/testing/index.ts';
import { enriching } from '../support/enriching.ts';
import type { RecordedMessage } from '../support/message.ts';

const down = () => new LookupError('retry', '503', "look-up 'crm': HTTP 503");

/** A look-up that fails as told, by the number of the question, and remembers when it was asked what. */
function failing(failure: (nth: number) => Error | 'silence' | undefined) {
  const questions: (readonly string[])[] = [];
  const aborted: number[] = [];
  const lookup: Lookup<string> = {
    name: 'crm',
    open: () => ({
      async find(keys, signal) {
        const nth = questions.push(keys);
        signal.addEventListener('abort', () => aborted.push(nth));
        const failed = failure(nth);
        if (failed === 'silence') return new Promise(() => undefined);
        if (failed) throw failed;
        return new Map(keys.map((key) => [key, key.toUpperCase()]));
      },
    }),
  };
  return { lookup, questions, aborted };
}

const slow = backoff({ first: '1s', cap: '8s', random: () => 1 });

describe('a look-up that fails', () => {
  test('is asked again, less and less often; nothing is dropped, order stays, and custody says so', async () => {
    const { lookup, questions } = failing((nth) => (nth <= 4 ? down() : undefined));
    const seen: [number, number][] = [];
    const { give, found, clock } = enriching(lookup, {
      retry: slow,
      onRetry: (_, failure, delayMs) => void seen.push([failure, delayMs]),
    });
    const batch = await give('tea');
    await give('mug');
    await clock.advance(1_000 + 2_000 + 4_000);
    expect(found()).toEqual([]);
    expect((batch.messages[0] as RecordedMessage).story.at(-1)).toBe('hold enrich crm: no answer');
    await clock.advance(8_000);
    expect(found()).toEqual([['TEA'], ['MUG']]);
    expect(seen).toEqual([
      [1, 1_000],
      [2, 2_000],
      [3, 4_000],
      [4, 8_000],
    ]);
    expect(questions).toEqual([['tea'], ['tea'], ['tea'], ['tea'], ['tea'], ['mug']]);
  });

  test('and does not answer is cut off at the deadline and asked again', async () => {
    const { lookup, aborted } = failing((nth) => (nth === 1 ? 'silence' : undefined));
    const { give, found, clock } = enriching(lookup, { deadline: '3s' });
    await give('tea');
    await clock.advance(2_999);
    expect(aborted).toEqual([]);
    await clock.advance(1);
    expect(aborted).toEqual([1]);
    expect(found()).toEqual([['TEA']]);
  });

  test('with what its author did not foresee is asked again', async () => {
    const { lookup } = failing((nth) => (nth === 1 ? new TypeError('fetch failed') : undefined));
    const { give, found } = enriching(lookup);
    await give('tea');
    expect(found()).toEqual([['TEA']]);
  });

  test.each([
    ['fatally', new LookupError('fatal', '403', 'HTTP 403')],
    ['for a setting', new ConfigError({ where: 'url', expected: 'a URL', got: 'none', fix: 'set it' })],
  ])('%s ends the graph with its error, and nothing passes', async (_, error) => {
    const { lookup, questions } = failing(() => error);
    const { give, out, failed, clock } = enriching(lookup);
    await give('tea');
    expect(failed()).toBe(error);
    expect(out).toEqual([]);
    expect(questions.length).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('until the attempts are used up ends the graph with the last error', async () => {
    const { lookup, questions } = failing(down);
    const { give, failed } = enriching(lookup, {
      retry: backoff({ first: '1ms', cap: '1ms', attempts: 3, random: () => 0 }),
    });
    await give('tea');
    expect(failed()).toMatchObject({ code: 'LOOKUP', reason: '503' });
    expect(questions.length).toBe(3);
  });
});

describe('whoever unsubscribes', () => {
  test('while a question is under way aborts it, and leaves no timer', async () => {
    const { lookup, aborted } = failing(() => 'silence');
    const { give, subscription, clock } = enriching(lookup);
    await give('tea');
    expect(clock.pending).toBe(1);
    subscription.unsubscribe();
    expect(aborted).toEqual([1]);
    expect(clock.pending).toBe(0);
  });

  test('between two questions is asked for no more, and leaves no timer', async () => {
    const { lookup, questions } = failing(down);
    const { give, subscription, clock } = enriching(lookup, { retry: slow });
    await give('tea');
    subscription.unsubscribe();
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(questions.length).toBe(1);
  });
});

describe('what is waited for', () => {
  test('is asked for again, alone, until it is there; custody says so, and what comes behind keeps its place', async () => {
    const known = new Map([['tea', 'left']]);
    const lookup = lookupOf(known);
    const { give, found, clock } = enriching(lookup, { missing: 'wait', retry: slow });
    const batch = await give('tea', 'pen');
    await give('tea');
    await clock.advance(20_000);
    expect(found()).toEqual([]);
    expect((batch.messages[1] as RecordedMessage).story.at(-1)).toBe('hold enrich test: not there');
    known.set('pen', 'new');
    await clock.advance(5_000);
    expect(found()).toEqual([['left', 'new'], ['left']]);
    expect(lookup.asked.slice(1).every((keys) => keys.join() === 'pen')).toBe(true);
  });

  test('and does not come is a reject once patience is over, after a last question', async () => {
    const lookup = lookupOf({});
    const { give, out, clock } = enriching(lookup, { missing: 'wait', patience: '7s', retry: slow });
    await give('pen');
    await clock.advance(6_999);
    expect(out).toEqual([]);
    expect(lookup.asked.length).toBe(3); // at 0 s, 1 s, 3 s
    await clock.advance(1);
    expect(lookup.asked.length).toBe(4);
    expect(out[0]?.rejects).toMatchObject([{ reason: 'not-found', detail: expect.stringContaining('after 7s') }]);
  });

  test('uses up the patience of those behind it too, who are asked about once at least: no wait adds up', async () => {
    const known = new Map<string, string>();
    const lookup = lookupOf(known);
    const { give, out, clock } = enriching(lookup, { missing: 'wait', patience: '60s', retry: slow });
    await give('a');
    await clock.advance(1_000);
    await give('b');
    await give('c');
    known.set('c', 'there');
    await clock.advance(59_000);
    expect(out.map(({ rejects }) => rejects.length)).toEqual([1]);
    await clock.advance(1_000);
    expect(out.map(({ entries, rejects }) => [entries.length, rejects.length])).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ]);
  });

  test('is not given up for an outage of the look-up, which uses up no patience', async () => {
    let isUp = true;
    const known = new Map<string, string>();
    const { name, open } = lookupOf(known);
    const flaky: Lookup<string> = {
      name,
      open: () => ({ find: (keys, signal) => (isUp ? open().find(keys, signal) : Promise.reject(down())) }),
    };
    const { give, found, out, clock } = enriching(flaky, { missing: 'wait', patience: '10s', retry: slow });
    await give('pen');
    isUp = false;
    await clock.advance(120_000);
    isUp = true;
    await clock.advance(8_000);
    expect(out).toEqual([]);
    known.set('pen', 'new');
    await clock.advance(10_000);
    expect(found()).toEqual([['new']]);
  });

  test('is asked for a few times a second at most, whatever the backoff says', async () => {
    const lookup = lookupOf({});
    const { give, out, clock } = enriching(lookup, { missing: 'wait', patience: '1s' });
    await give('pen');
    await clock.advance(1_000);
    expect(lookup.asked.length).toBe(11);
    expect(out[0]?.rejects.length).toBe(1);
  });
});
