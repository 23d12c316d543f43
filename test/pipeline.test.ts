import { EMPTY } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../src/errors.ts';
import { eventTable } from '../src/event-table.ts';
import { count, sum } from '../src/measure.ts';
import { type Pipeline, pipeline, type Table } from '../src/pipeline.ts';
import { tumbling } from '../src/window.ts';
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
