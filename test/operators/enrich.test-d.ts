import type { Observable } from 'rxjs';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  type Batch,
  enrich,
  eventTable,
  foldInto,
  fromHttp,
  fromTable,
  type Fresh,
  gather,
  type Lookup,
  type LookupRow,
  pipeline,
  transaction,
  tumbling,
  windowTable,
  count,
  decode,
  json,
  acknowledge,
} from '../../src/index.ts';

interface Order {
  readonly id: string;
  readonly campaign: string | null;
}

declare const batch$: Observable<Batch<Order>>;
declare const fresh$: Observable<Fresh<Order>>;
declare const channels: Lookup<{ readonly channel: string }>;

test('types flow from the events and the look-up to what comes out, without an annotation', () => {
  const enriched$ = batch$.pipe(
    gather({ events: 10, within: '1s' }),
    enrich(channels, { key: (e) => e.campaign, into: (e, found) => ({ ...e, channel: found?.channel ?? null }) }),
  );
  expectTypeOf(enriched$).toExtend<
    Observable<Batch<{ readonly id: string; readonly campaign: string | null; readonly channel: string | null }>>
  >();
});

test('a row has the declared columns and no others', () => {
  const table = fromTable({
    url: 'postgres://localhost/x',
    table: 'campaigns',
    key: 'id',
    columns: ['name', 'channel'],
  });
  expectTypeOf(table).toEqualTypeOf<Lookup<LookupRow<'name' | 'channel'>>>();
});

test('what a service says is unknown until it is parsed', () => {
  expectTypeOf(fromHttp({ url: 'https://x/{keys}' })).toEqualTypeOf<Lookup<unknown>>();
  const parse = z.record(z.string(), z.object({ channel: z.string() })).parse;
  expectTypeOf(fromHttp({ url: 'https://x/{keys}', parse })).toEqualTypeOf<Lookup<{ channel: string }>>();
});

test('what a fold says must not depend on a look-up: enriching inside a transaction does not compile', () => {
  // @ts-expect-error it stands before the transaction
  fresh$.pipe(enrich(channels, { key: (e: Order) => e.campaign, into: (e: Order) => e }));
});

test('a pipeline enriches between its table and its transaction', () => {
  const Sale = z.object({
    id: z.string(),
    at: z.number(),
    campaign: z.string().nullable(),
    channel: z.string().optional(),
  });
  const sales = eventTable('sales', { schema: Sale, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
  const trade = windowTable('trade', sales, { window: tumbling('1m'), key: {}, measures: { n: count() } });
  pipeline('sales', [sales, trade], ({ messages, store }) =>
    messages.pipe(
      decode(json(sales)),
      gather({ events: 5_000, within: '100ms' }),
      enrich(channels, {
        key: (e) => e.campaign,
        into: (e, found) => ({ ...e, channel: found?.channel ?? '(none)' }),
      }),
      transaction(store, { once: sales }, (fresh$) => fresh$.pipe(foldInto(trade))),
      acknowledge(),
    ),
  );
});
