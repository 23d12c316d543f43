import { expect, test } from 'vitest';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  foldInto,
  json,
  pipeline,
  transaction,
  tumbling,
  windowTable,
} from '../../../src/index.ts';
import { targetOf } from '../../../src/sinks/postgres/target.ts';
import { message } from '../../support/message.ts';
import { atOnce, Order, order, run } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

test('any name that a declaration may give works: those of the statement itself, and those of other tables’ parts', async () => {
  const place = await postgresPlace();
  const names = ['id', 'us', 'position', 'given', 'source', 'fresh', 'w', 'select', 'k0', 'p0', 'v0', 'grp'];
  const columns = Object.fromEntries(names.map((name) => [name, (e: Order) => e.product]));
  const events = eventTable('inserted', {
    schema: Order,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: 'forever',
    columns,
  });
  const table = (name: string) =>
    windowTable(name, events, {
      window: tumbling('10s'),
      key: { id: (e) => e.id, position: (e) => e.id, grp: (e) => e.id, key: (e) => e.id },
      measures: { us: count(), p0: count(), position_: count() },
    });
  const tables = ['x', 'x_open', 'source', 'fence', 'w', 'stale', 'order'].map(table);
  const all = pipeline('names', [events, ...tables], ({ messages, store }) =>
    messages.pipe(
      decode(json(events)),
      transaction(store, { once: events, retry: atOnce }, (fresh$) =>
        fresh$.pipe(foldInto(tables[0] as (typeof tables)[number])),
      ),
      acknowledge(),
    ),
  );
  const store = await place.open(all);
  expect(await run(all, store, [[message(JSON.stringify(order('a')))]])).toMatchObject({ committed: 1, windows: 1 });
  expect(await place.query('select id, us, position, "select", k0 from inserted')).toEqual([
    { id: 'tea', us: 'tea', position: 'tea', select: 'tea', k0: 'tea' },
  ]);
  await place.close();
});

test('an address of IPv6 is one without its brackets, and on the loopback', () => {
  expect(targetOf('postgres://u:p@[::1]:5433/db')).toMatchObject({ host: '::1', port: 5433, tls: false });
});
