import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, funnel } from '../../src/index.ts';
import { type Fact, fact, readOf, someFacts } from './facts.ts';

const STEPS = {
  view: (e: Fact) => e.step === 'view',
  cart: (e: Fact) => e.step === 'cart',
  buy: (e: Fact) => e.step === 'buy',
};
const byUser = funnel({ by: (e: Fact) => e.user, steps: STEPS });
const steps = (...given: readonly (readonly [step: string, at: number, user?: string])[]): Fact[] =>
  given.map(([step, at, user = 'anna'], i) => fact(i, { step, at, user }));

test('a step counts once the steps before it were taken, by whoever took them', async () => {
  const given = steps(
    ['view', 1],
    ['cart', 2],
    ['buy', 3],
    ['view', 1, 'bert'],
    ['buy', 2, 'bert'],
    ['cart', 1, 'cid'],
  );
  expect(await readOf(byUser, given)).toEqual({ m_view: '2', m_cart: '1', m_buy: '1', rejects: [] });
});

test('a step that comes too early may come again', async () => {
  expect(await readOf(byUser, steps(['buy', 1], ['view', 2], ['cart', 3]))).toMatchObject({ m_cart: '1', m_buy: '0' });
  expect(await readOf(byUser, steps(['buy', 1], ['view', 2], ['cart', 3], ['buy', 4]))).toMatchObject({ m_buy: '1' });
});

test('steps of one microsecond follow each other, and one event may be several', async () => {
  expect(await readOf(byUser, steps(['buy', 7], ['cart', 7], ['view', 7]))).toMatchObject({ m_buy: '1' });
  const one = funnel<Fact>({ by: (e) => e.user, steps: { seen: () => true, again: () => true } });
  expect(await readOf(one, steps(['view', 7]))).toMatchObject({ m_seen: '1', m_again: '1' });
});

test('without anybody who takes them, the window itself does; nobody is nobody', async () => {
  const own = funnel<Fact>({ steps: STEPS });
  expect(await readOf(own, steps(['view', 1], ['cart', 2, 'bert'], ['view', 3]))).toEqual({
    m_view: '1',
    m_cart: '1',
    m_buy: '0',
    rejects: [],
  });
  expect(await readOf(byUser, [fact(1, { user: null })])).toMatchObject({ m_view: '0' });
});

/** As its definition says: the earliest event of each step that is not earlier than the one before. */
function naive(given: readonly Fact[]): number[] {
  const users = [...new Set(given.flatMap((e) => e.user ?? []))];
  const reached = users.map((user) => {
    let from = 0;
    let n = 0;
    for (const is of Object.values(STEPS)) {
      const times = given.filter((e) => e.user === user && is(e) && e.at >= from).map(({ at }) => at);
      if (times.length === 0) break;
      from = Math.min(...times);
      n++;
    }
    return n;
  });
  return Object.keys(STEPS).map((_, i) => reached.filter((n) => n > i).length);
}

test('whatever the order of arrival, it is what the definition says', async () => {
  await fc.assert(
    fc.asyncProperty(someFacts, async (all) => {
      const given = all.map((each) => ({ ...each, page: 'home', at: fact(0, { at: each.at % 20 }).at }));
      const { rejects: _, ...read } = await readOf(byUser, given);
      expect(Object.values(read).map(Number)).toEqual(naive(given));
    }),
    { numRuns: 100 },
  );
});

test('a funnel without steps is refused', () => expect(() => funnel({ steps: {} })).toThrow(ConfigError));
