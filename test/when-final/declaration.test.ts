import { expect, test } from 'vitest';
import {
  count,
  eventTable,
  pipeline,
  toQueue,
  toTable,
  tumbling,
  whenFinal,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import type { FinalTable } from '../../src/final-sink.ts';
import { Order, orderPipeline, orders, pace, trade } from '../support/orders.ts';
import { nowhere } from './nowhere.ts';
import { withFinals } from './stage.ts';

const named = (name: string) => whenFinal(trade, nowhere(), { name });

test('a branch is part of the version: who does not know it must not make windows final', () => {
  const versions = [
    withFinals(),
    withFinals(whenFinal(trade, toTable('a'))),
    withFinals(whenFinal(trade, toTable('b'))),
    withFinals(whenFinal(pace, toTable('a'))),
    withFinals(named('a')),
    withFinals(named('b')),
    withFinals(named('a'), named('b')),
  ].map(({ version }) => version);
  expect(new Set(versions).size).toBe(versions.length);
});

test('where a branch leads, and what it makes of a window, is no other version', () => {
  const one = whenFinal(trade, toQueue({ queue: 'one' }), { name: 'a' });
  const other = whenFinal(trade, toQueue({ queue: 'other.fifo' }), { name: 'a', when: () => false, body: () => 'x' });
  expect(withFinals(one).version).toBe(withFinals(other).version);
});

test('a pipeline without branches has the version that it had before there were any', () => {
  expect(withFinals().version).toBe(orderPipeline().version);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'no window table',
    () => whenFinal(orders as unknown as WindowTable<Order>, toTable('x')),
    /^whenFinal: expected a window table; got \{ kind, name/,
  ],
  [
    'nothing to deliver to',
    () => whenFinal(trade, undefined as unknown as FinalTable),
    /^whenFinal\('trade'\): expected toTable\(…\), toQueue\(…\) or toWebhook\(…\); got nothing/,
  ],
  [
    'a name that is no identifier',
    () => toTable('Final Trade'),
    /^toTable\('Final Trade'\): expected a name .* Fix: 'final_trade'\?/,
  ],
  [
    'a sink without a name',
    () => whenFinal(trade, nowhere(), undefined as never),
    /^whenFinal\('trade'\) to a test: expected options with a name; got nothing/,
  ],
  ['a name that is none', () => named('Finance!'), /^whenFinal\('trade'\) name: expected a name .*'finance_'\?/],
  [
    'a condition that is none',
    () => whenFinal(trade, nowhere(), { name: 'a', when: true as never }),
    /^whenFinal\('trade'\) when: expected a function of the window; got true/,
  ],
  [
    'a body that is none',
    () => whenFinal(trade, nowhere(), { name: 'a', body: {} as never }),
    /^whenFinal\('trade'\) body: expected a function of the window/,
  ],
  [
    'options with a table',
    () => (whenFinal as Function)(trade, toTable('x'), { when: () => true }),
    /expected no options with toTable: it takes every window; got \{ when \}/,
  ],
  [
    'a column that the table has itself',
    () =>
      whenFinal(
        windowTable('t', orders, { window: tumbling('1m'), key: { delivered_at: (e) => e.id }, measures: {} }),
        toTable('x'),
      ),
    /^whenFinal\('t'\) into 'x': expected a column name of your own; got 'delivered_at'/,
  ],
  [
    'a window table that the pipeline does not declare',
    () => pipeline('p', [orders, pace, named('a')], orderPipeline().graph),
    /^pipeline\('p'\): expected window tables that are declared too; got "trade"\. Fix: declare 'trade'/,
  ],
  [
    'two branches of a name',
    () => withFinals(named('a'), named('a')),
    /expected branches of names of their own; got "a"/,
  ],
  [
    'a table that is there',
    () => withFinals(whenFinal(trade, toTable('pace'))),
    /expected branches of names of their own; got "pace"/,
  ],
  ['a view that is there', () => withFinals(whenFinal(trade, toTable('pace_windows'))), /got "pace_windows"/],
])('%s is refused', (_, declare, message) => expect(declare).toThrow(message));

test('a branch in the outbox may be called as a table is', () => {
  expect(withFinals(named('trade'), whenFinal(trade, toTable('a')), named('a')).finals).toHaveLength(3);
});

test('branches of two tables of one shape are kept apart', () => {
  const events = eventTable('e', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });
  const table = (name: string) =>
    windowTable(name, events, { window: tumbling('1m'), key: {}, measures: { n: count() } });
  const [a, b] = [table('a'), table('b')];
  const into = (of: typeof a) =>
    pipeline('p', [events, a, b, whenFinal(of, toTable('f'))], orderPipeline().graph).version;
  expect(into(a)).not.toBe(into(b));
});
