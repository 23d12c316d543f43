import { merge } from 'rxjs';
import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  type EventTableOptions,
  foldInto,
  json,
  mapEvents,
  pipeline,
  type Pipeline,
  sum,
  transaction,
  tumbling,
  type WindowTable,
  windowTable,
} from '../../src/index.ts';
import type { AnyEvent, EventTable } from '../../src/event-table.ts';
import { SENT_AT } from '../support/message.ts';
import { atOnce } from '../support/orders.ts';

const Sale = z.object({ id: z.string().optional(), at: z.number(), shop: z.string().nullable(), cents: z.number() });

export type Sale = z.infer<typeof Sale>;

/** A sale; `at` counts milliseconds since the messages of tests were sent. */
export const sale = (id: string, { at = 0, shop = 'here', cents = 1 }: Partial<Sale> = {}): Sale => ({
  id,
  at: SENT_AT + at,
  shop,
  cents,
});

/** A pipeline over sales that are told apart in some way, and its windows. */
export interface Identified {
  readonly pipeline: Pipeline;
  readonly sales: EventTable<AnyEvent>;
  /** By the shop, in windows of an hour. */
  readonly takings: WindowTable<AnyEvent>;
  /** By id and time: which events counted. */
  readonly counted: WindowTable<AnyEvent>;
}

/** @param changed whether an operator changes the sales before they are stored. */
export function identified(
  name: string,
  options: Partial<EventTableOptions<typeof Sale>> = {},
  changed = false,
): Identified {
  const sales = eventTable(name, {
    schema: Sale,
    id: (e) => e.id as string,
    time: (e) => e.at,
    keep: 'forever',
    maxFuture: '3650d',
    ...options,
  });
  const takings = windowTable(`${name}_takings`, sales, {
    window: tumbling('1h'),
    key: { shop: (e) => e.shop as string },
    measures: { sales: count(), cents: sum((e) => e.cents) },
  });
  const counted = windowTable(`${name}_counted`, sales, {
    window: tumbling('1h'),
    key: { id: (e) => e.id ?? '', at: { bigint: (e) => e.at } },
    measures: { times: count() },
  });
  const change = mapEvents<Sale, Sale, false>((e) => ({ ...e, cents: e.cents + 1_000 }));
  return {
    sales,
    takings,
    counted,
    pipeline: pipeline(name, [sales, takings, counted], ({ messages, store }) => {
      const decoded$ = messages.pipe(decode(json(sales)));
      const changed$: typeof decoded$ = changed ? decoded$.pipe(change) : decoded$;
      return changed$.pipe(
        transaction(store, { once: sales, retry: atOnce }, (fresh$) =>
          merge(fresh$.pipe(foldInto(takings)), fresh$.pipe(foldInto(counted))),
        ),
        acknowledge(),
      );
    }),
  };
}
