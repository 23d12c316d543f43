import { EMPTY } from 'rxjs';
import { expect, test } from 'vitest';
import type { Duration } from '../../src/duration.ts';
import { pipeline } from '../../src/pipeline.ts';
import { crash, late, type Sent, stall, testPipeline } from '../../src/testing/index.ts';
import { passTime } from '../../src/testing/pass-time.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { tumbling } from '../../src/windows/tumbling.ts';
import { windowTable } from '../../src/window-table.ts';
import { type Order, orderPipeline, orders } from '../support/orders.ts';

const DAY = 86_400;

/** How often a heartbeat of a second beats in a day, and in the last 15 s of it. */
async function beatsOfADay(size: Duration, given: { isIdle?: boolean; isStruck?: boolean } = {}) {
  const clock = virtualClock(0);
  const beats: number[] = [];
  const beat = () => {
    beats.push(clock.now() / 1_000);
    clock.after(1_000, beat);
  };
  beat();
  const { isIdle = true, isStruck = false } = given;
  const table = windowTable('w', orders, { window: tumbling(size), key: {}, measures: {} });
  await passTime(clock, DAY * 1_000, {
    pipeline: pipeline('p', [orders, table], () => EMPTY),
    isIdle: () => isIdle,
    isStruck,
  });
  expect(clock.now()).toBe(DAY * 1_000);
  return { all: beats.length, last: beats.filter((at) => at > DAY - 15).length };
}

test('an idle day passes in leaps of 15 s, of 4 s among the dead, of half a window at most, and its end as it does', async () => {
  expect(await beatsOfADay('1m')).toEqual({ all: 1 + DAY / 15 - 2 + 30, last: 15 });
  expect((await beatsOfADay('1m', { isStruck: true })).all).toBeLessThan(DAY / 4 + 40);
  expect((await beatsOfADay('1m', { isStruck: true })).all).toBeGreaterThan(DAY / 4);
  expect((await beatsOfADay('4s')).all).toBeGreaterThan(DAY / 2);
});

test('a day with messages, or with windows of a second, passes as it does', async () => {
  expect((await beatsOfADay('1m', { isIdle: false })).all).toBe(DAY + 1);
  expect((await beatsOfADay('1s')).all).toBe(DAY + 1);
});

const START = Date.UTC(2026, 0, 1);
const order = (id: string, seconds: number, product = 'tea'): Order => ({
  id,
  at: START + seconds * 1_000,
  product,
  cents: 100,
});
const sent: Sent[] = [
  order('d', 60),
  order('c', 7_000),
  order('b', 25),
  order('a', 5, 'mug'),
  late(order('e', 10), '3h'),
];

test.each<[string, Sent[]]>([
  ['nothing more', []],
  ['a crash', [crash()]],
  ['a worker that stands still', [stall('10m')]],
  ['one that stands still and one that dies', [stall('90s'), crash()]],
])('time that leaps shows what time shows that passes step by step: %s', async (_, faults) => {
  const [leaping, passing] = [testPipeline(orderPipeline()), testPipeline(orderPipeline())];
  for (const shop of [leaping, passing]) await shop.send(...sent, ...faults);
  for (const hours of [4, 5, 6]) {
    await leaping.advanceTo(START + hours * 3_600_000);
    while (passing.now() < START + hours * 3_600_000)
      await passing.advanceTo(Math.min(passing.now() + 20_000, START + hours * 3_600_000));
    for (const shop of [leaping, passing]) {
      await shop.send(order(`later ${hours}`, 30), ...faults);
      await shop.advance('20s');
    }
  }
  expect(leaping.finals('trade').length).toBeGreaterThan(3);
  for (const table of ['trade', 'pace']) {
    expect(leaping.finals(table)).toEqual(passing.finals(table));
    expect(leaping.windows(table)).toEqual(passing.windows(table));
  }
});
