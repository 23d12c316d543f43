import { EMPTY } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/errors.ts';
import { eventTable } from '../src/event-table.ts';
import { count, hopping, sum, toTable, topK, whenFinal } from '../src/index.ts';
import { type Declaration, type Pipeline, pipeline, shapeOf, type Table } from '../src/pipeline.ts';
import type { Window } from '../src/window.ts';
import { tumbling } from '../src/windows/tumbling.ts';
import { type Measures, windowTable } from '../src/window-table.ts';
import { Order, orders, pace, trade } from './support/orders.ts';

const declare = (...tables: Table[]): Pipeline => pipeline('p', tables, () => EMPTY);
const windows = (size: '10s' | '1m', measures: Measures<Order> = { n: count() }): Table =>
  windowTable('w', orders, { window: tumbling(size), key: {}, measures });
const others = eventTable('others', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: '1d' });

describe('pipeline', () => {
  test('has one event table and any windows over it, in whatever order they are named', () => {
    expect(declare(trade, orders, pace)).toMatchObject({ name: 'p', events: orders, windows: [trade, pace] });
  });

  test.each([
    ['no event table', () => declare(trade), 'got none'],
    ['two event tables', () => declare(orders, others), 'got orders, others'],
    ['one name twice', () => declare(orders, trade, trade), "'trade' twice"],
    ['windows over other events', () => declare(others, trade), "'trade' over 'orders'"],
  ])('refuses %s', (_, wrong, got) => {
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(got);
  });

  const named = (name: string, measures: Measures<Order> = {}, window: Window<unknown> = tumbling('1m')) =>
    windowTable(name, orders, { window, key: {}, measures });
  const top = topK((e: Order) => e.product, { k: 1 });
  const hops = hopping({ size: '1h', every: '10m' });

  test.each<[string, Declaration[], string]>([
    ['items and the view', [named('t', { windows: top })], "'t_windows' twice: the items of 't' windows, and the view"],
    ['items and the roll-up', [named('t', { rollup: top })], "'t_rollup' twice: the items of 't' rollup"],
    ['items and the function', [named('t', { between: top }, hops)], "'t_between' twice"],
    ['a view and a table', [named('t'), named('t_windows')], "'t_windows' twice: the view of 't', and window table"],
    [
      'a table and a view',
      [named('t_windows'), named('t')],
      "'t_windows' twice: window table 't_windows', and the view",
    ],
    ['items and a table', [named('t', { best: top }), named('t_best')], "'t_best' twice"],
    ['a table and a partition', [named('orders_20260101')], "'orders_20260101' twice: a partition of 'orders'"],
    [
      'a table of finals and a roll-up',
      [trade, whenFinal(trade, toTable('trade_rollup'))],
      "rename one: 'trade_rollup' is there twice, as the roll-up of 'trade'",
    ],
    [
      'a table of finals and a partition',
      [trade, whenFinal(trade, toTable('orders_20260101'))],
      "is there twice, as a partition of 'orders'",
    ],
  ])('refuses one name for %s', (_, tables, said) => {
    const wrong = () => pipeline('p', [orders, ...tables], () => EMPTY);
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow(said);
  });

  test('takes names that are only like those', () => {
    const tables = [named('t', { between: top }), named('orders_2026'), named('orders_202601011')];
    expect(pipeline('p', [orders, ...tables], () => EMPTY).windows).toEqual(tables);
  });

  test('where the id alone decides, the name of the table of ids is taken', () => {
    const retried = eventTable('retried', {
      schema: Order,
      id: (e) => e.id,
      time: (e) => e.at,
      keep: '9d',
      dedupe: { by: 'id', within: '7d' },
    });
    const clash = windowTable('retried_ids', retried, { window: tumbling('1m'), key: {}, measures: {} });
    expect(() => declare(retried, clash)).toThrow("'retried_ids' twice");
    expect(shapeOf(retried)).toEqual({ ...shapeOf(others), dedupe: 'id' });
    const longer = { ...retried, dedupe: { within: 1 } };
    expect(shapeOf(longer)).toEqual(shapeOf(retried));
    expect(declare(longer).version).not.toBe(declare(retried).version);
  });

  test('ids of the content make another table; nothing else changes the shape of one that has none of this', () => {
    const options = { schema: Order, time: (e: Order) => e.at, keep: 'forever' } as const;
    const given = eventTable('given', { ...options, id: { uuid: (e) => e.id } });
    const content = eventTable('given', { ...options, id: 'content' });
    expect(shapeOf(given)).toEqual({ kind: 'events', id: 'uuid', whole: true, columns: [] });
    expect(shapeOf(content)).toEqual({ kind: 'events', id: 'content', whole: true, columns: [] });
  });

  test.each([
    ['1d', '1m', "at least 1d 1m: window 1m of 'w' + lateness 1d; got 1d. Fix: keep: '2d'"],
    ['1d', '1ms', "at least 1d 1ms: window 1ms of 'w' + lateness 1d; got 1d. Fix: keep: '2d'"],
  ] as const)(
    'a retention of %s that ends before a window of %s is final is refused in such units',
    (keep, size, said) => {
      const short = eventTable('short', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep, lateness: '1d' });
      const table = windowTable('w', short, { window: tumbling(size), key: {}, measures: {} });
      expect(() => declare(short, table)).toThrow(`eventTable('short') keep: expected ${said}`);
    },
  );

  test('refuses a name that is no SQL identifier', () => {
    expect(() => pipeline('My shop', [orders], () => EMPTY)).toThrow("'my_shop'?");
  });

  test('is another version when its tables change, and the same when only its graph does', () => {
    const { version } = declare(orders, windows('10s'));
    expect(pipeline('p', [orders, windows('10s')], ({ messages }) => messages.pipe(() => EMPTY)).version).toBe(version);
    const changed = [
      declare(orders),
      declare(orders, windows('1m')),
      declare(orders, windows('10s', { n: sum((e: Order) => e.cents) })),
      declare(orders, windows('10s'), pace),
    ];
    for (const other of changed) expect(other.version).not.toBe(version);
  });
});
