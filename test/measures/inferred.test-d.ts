import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  defineMeasure,
  distinct,
  eventTable,
  first,
  funnel,
  last,
  money,
  quantiles,
  topK,
  tumbling,
  windowTable,
} from '../../src/index.ts';

const Sale = z.object({ id: z.string(), at: z.number(), user: z.string(), cents: z.int(), currency: z.string() });
const sales = eventTable('sales', { schema: Sale, id: (e) => e.id, time: (e) => e.at, keep: '1d' });

test('in a window table every measure knows its event', () => {
  windowTable('all', sales, {
    window: tumbling('1m'),
    key: {},
    measures: {
      opened: first((e) => e.user),
      closed: last({ numeric: (e) => e.cents }),
      users: distinct((e) => e.user),
      height: quantiles((e) => e.cents, { p: [0.5] }),
      top: topK((e) => e.user, { k: 3, by: (e) => e.cents }),
      way: funnel({ by: (e) => e.user, steps: { small: (e) => e.cents < 10, large: (e) => e.cents >= 10 } }),
      euros: money((e) => e.cents, { currency: 'EUR' }),
      takings: money((e) => e.cents, { currency: (e) => e.currency }),
      bits: defineMeasure({
        kind: 'bits',
        parts: {
          all: {
            type: 'bigint',
            of: (e) => e.cents,
            combine: {
              sql: (a, b) => `${a} | ${b}`,
              of: (a, b) => {
                expectTypeOf(a).toEqualTypeOf<bigint>();
                return a | b;
              },
            },
          },
        },
      }),
    },
  });
  // @ts-expect-error there is no such field
  windowTable('none', sales, { window: tumbling('1m'), key: {}, measures: { users: distinct((e) => e.name) } });
});
