import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deliverOnce, memoryStore, type Pipeline, simulate, snapshot, verify } from '../../src/index.ts';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import baskets from '../../src/pipelines/baskets.ts';
import conversionFunnel from '../../src/pipelines/conversion-funnel.ts';
import distinctBuyers from '../../src/pipelines/distinct-buyers.ts';
import revenueByCountry from '../../src/pipelines/revenue-by-country.ts';
import topProducts from '../../src/pipelines/top-products.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

const EXAMPLES = { abandonedCarts, baskets, conversionFunnel, distinctBuyers, revenueByCountry, topProducts };

test('an example is short enough to be copied', () => {
  const folder = join(import.meta.dirname, '../../src/pipelines');
  const lines = (file: string): number => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n').length;
  const files = globSync('*.ts', { cwd: folder }).filter((file) => !['storefront.ts', 'ga4.ts'].includes(file));
  expect(files).toHaveLength(Object.keys(EXAMPLES).length);
  expect(files.filter((file) => lines(file) > 40)).toEqual([]);
});

describe('on Postgres', () => {
  let place: PostgresPlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place.close());

  test.each(Object.entries<Pipeline>(EXAMPLES))(
    '%s holds of simulated traffic what it holds in memory, and is verified',
    async (_, graph) => {
      const at = Date.now();
      const past = { startAt: at - 2 * 86_400_000, rate: 0.05 };
      const traffic = [...simulate({ ...past, events: 3_000, users: 200, products: 50, duplicates: 0.02 }).texts()];
      const deliveries = Array.from({ length: 3 }, (_unused, i) =>
        traffic.filter((_text, t) => t % 3 === i).map((text) => ({ ...message(text), sentAt: at })),
      );
      const [store, memory] = [await place.open(graph), memoryStore(graph)];
      for (const each of [store, memory]) await run(graph, each, deliveries);
      await memory.time.report({ low: at, source: 'test', holding: false });
      await place.query(`update scalestream.watermarks set watermark = to_timestamp(${at / 1_000})`);
      for (const each of [store, memory]) {
        await each.time.tick();
        await deliverOnce(graph, each.time.outbox);
      }
      for (const table of [...graph.windows, ...graph.over]) {
        const rows = await place.windows(table);
        expect(rows.length).toBeGreaterThan(0);
        expect(rows).toEqual(memory.rows(table.name));
      }
      const found = await snapshot(place.url, graph, (view) => verify(graph, view));
      expect(found).toMatchObject({ equal: true, untaken: 0, differing: 0 });
    },
  );
});
