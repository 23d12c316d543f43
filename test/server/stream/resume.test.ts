import { array, assert, asyncProperty, constant, constantFrom, integer, nat, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricsApi, WindowsAnswer } from '../../../src/server/index.ts';
import { postgresPlace } from '../../support/postgres-place.ts';
import { serving } from '../shop.ts';
import { kinds, TABLES, world } from './kinds.ts';
import { held, sse } from './sse.ts';

const P = '/v1/pipelines/kinds';

/** What the tables hold, as the route of windows tells it. */
async function contents(app: MetricsApi): Promise<Record<string, unknown>> {
  const all = await Promise.all(
    TABLES.map(async (table) => {
      const response = await app.request(`${P}/windows/${table}?limit=10000&order=asc`);
      const { data } = (await response.json()) as WindowsAnswer;
      const idOf = (row: (typeof data)[number]): string => JSON.stringify([row.start, row.key]);
      return [table, data.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1))];
    }),
  );
  return Object.fromEntries(all) as Record<string, unknown>;
}

const step = oneof(
  {
    weight: 6,
    arbitrary: record({
      do: constant('flush' as const),
      orders: array(record({ product: constantFrom('a', 'b', 'c'), second: nat(150) }), {
        minLength: 1,
        maxLength: 5,
      }),
    }),
  },
  { weight: 2, arbitrary: record({ do: constant('pass' as const), by: integer({ min: 1, max: 40 }) }) },
  { weight: 2, arbitrary: record({ do: constant('cut' as const) }) },
);

test('a client that is cut off at any moment and comes back to another server with its last id ends with what the tables hold, beside flushes that it did not wait for', {
  timeout: 180_000,
}, async () => {
  await assert(
    asyncProperty(array(step, { minLength: 10, maxLength: 40 }), async (steps) => {
      const place = await postgresPlace();
      const here = serving(place, [kinds]);
      const there = serving(place, [kinds]);
      try {
        const { flush, pass } = await world(place);
        const dashboard = held();
        const apps = [here.app, there.app];
        let lastEventId = '';
        const resets = new Set<string>();
        let cuts = 0;

        async function connect() {
          const app = apps[cuts % 2] as MetricsApi;
          const response = await app.request(
            `${P}/stream?limit=10000`,
            lastEventId === '' ? {} : { headers: { 'last-event-id': lastEventId } },
          );
          expect(response.status).toBe(200);
          const client = sse(response.body);
          const read = (async () => {
            for (;;) {
              const event = await client.next();
              dashboard.take(event);
              if (event.event === 'reset') resets.add(event.data);
              lastEventId = event.id;
            }
          })().catch(() => undefined);
          return { client, read };
        }

        let now = 0;
        let own = await connect();
        const flushes: Promise<void>[] = [];
        for (const each of steps) {
          if (each.do === 'flush') flushes.push(flush(each.orders));
          else if (each.do === 'pass') await pass((now += each.by));
          else {
            await own.client.cut();
            await own.read;
            cuts++;
            own = await connect();
          }
        }
        await Promise.all(flushes);
        await pass(now + 1);
        const end = await contents(here.app);
        await own.client.cut();
        await own.read;
        cuts++;
        // it went on where it was, but for windows that may be gone without a trace
        expect([...resets].filter((data) => !data.includes('"lengths"'))).toEqual([]);
        const response = await (apps[cuts % 2] as MetricsApi).request(`${P}/stream?limit=10000&stats=false`, {
          headers: { 'last-event-id': lastEventId },
        });
        const client = sse(response.body);
        const seen = new Set<string>();
        while (seen.size < TABLES.length) {
          const event = await client.next();
          dashboard.take(event);
          if (event.event === 'windows') seen.add((JSON.parse(event.data) as { table: string }).table);
        }
        await client.cut();
        expect(Object.fromEntries(TABLES.map((table) => [table, dashboard.rows(table)]))).toEqual(end);
      } finally {
        await here.close();
        await there.close();
      }
    }),
    { numRuns: 8 },
  );
});
