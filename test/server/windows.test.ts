import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pipeline } from '../../src/index.ts';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import baskets from '../../src/pipelines/baskets.ts';
import conversionFunnel from '../../src/pipelines/conversion-funnel.ts';
import distinctBuyers from '../../src/pipelines/distinct-buyers.ts';
import revenueByCountry from '../../src/pipelines/revenue-by-country.ts';
import storefront from '../../src/pipelines/storefront.ts';
import topProducts from '../../src/pipelines/top-products.ts';
import { metricsClient, type WindowsAnswer } from '../../src/server/index.ts';
import { columnsOf } from '../../src/server/window-columns.ts';
import { END, type Served, served, START } from './shop.ts';

const PIPELINES = [
  storefront,
  abandonedCarts,
  baskets,
  conversionFunnel,
  distinctBuyers,
  revenueByCountry,
  topProducts,
];
const TABLES = PIPELINES.flatMap((graph) =>
  [...graph.windows, ...graph.over].map((table) => [table.name, graph, table] as const),
);

let shop: Served;
beforeAll(async () => {
  shop = await served(PIPELINES);
});
afterAll(() => shop.close());

const iso = (ms: number): string => new Date(ms).toISOString();
const ALL = `from=${iso(START - 40 * 86_400_000)}&to=${iso(END + 86_400_000)}`;
const get = async (path: string): Promise<WindowsAnswer> => {
  const response = await shop.app.request(path);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text) as WindowsAnswer;
};
const at = (graph: Pipeline, table: string): string => `/v1/pipelines/${graph.name}/windows/${table}`;

describe.each(TABLES)('%s', (name, graph, table) => {
  test('its windows are the rows of its view, page after page, in either order, each with state and revision', async () => {
    const expected = await shop.place.windows(table);
    const states = await shop.place.query<{ state: string; revision: string }>(
      `select state, revision::text from "${name}_windows" order by window_start, ${['1', ...Object.keys(table.key).map((key) => `"${key}"`)].slice(1).join(', ') || '1'}`,
    );
    for (const order of ['asc', 'desc']) {
      const rows: WindowsAnswer['data'][number][] = [];
      let cursor = '';
      for (let pages = 0; pages < 100; pages++) {
        const page = await get(
          `${at(graph, name)}?${ALL}&order=${order}&numbers=text&limit=${Math.ceil(expected.length / 3) + 1}${cursor}`,
        );
        rows.push(...page.data);
        if (page.page.next === null) break;
        cursor = `&cursor=${page.page.next}`;
      }
      if (order === 'desc') rows.reverse();
      const columns = columnsOf(table);
      expect(
        rows.map(({ start, key, measures }) => [
          start.slice(0, 19),
          ...columns.map((column) => inText(column.role === 'key' ? key[column.name] : measures[column.name])),
        ]),
      ).toEqual(
        expected.map((row) => [
          (row['window_start'] as string).slice(0, 19),
          ...columns.map((column) =>
            inText(
              column.type === 'jsonb' && row[column.name] !== null
                ? JSON.parse(row[column.name] as string)
                : column.type === 'boolean'
                  ? row[column.name] === 'true'
                  : row[column.name],
            ),
          ),
        ]),
      );
      expect(rows.map(({ state, revision }) => ({ state, revision: String(revision) }))).toEqual(
        states.map((row) => ({ ...row })),
      );
      expect(new Set(rows.map(({ state }) => state)).has('final')).toBe(true);
    }
  });

  test('every answer says its columns with type and unit, the watermark, up to where all is final, and its moment', async () => {
    const { meta } = await get(`${at(graph, name)}?${ALL}&limit=1`);
    expect(meta).toMatchObject({
      pipeline: graph.name,
      table: name,
      columns: columnsOf(table),
      watermark: iso(END - 6 * 3_600_000),
      asOf: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  test('what ended until `final` is final, and no more than that is claimed; it is as far as the watermark goes, but for what is open', async () => {
    const { data, meta } = await get(`${at(graph, name)}?${ALL}&limit=10000`);
    const final = meta.final ?? '';
    const open = data.filter(({ state }) => state === 'open');
    expect(open.filter(({ end }) => end <= final)).toEqual([]);
    expect(final <= iso(END - 6 * 3_600_000 - graph.events.lateness)).toBe(true);
    expect(data.some(({ end }) => end <= final)).toBe(true);
    // one that is open although the watermark has passed it, as before a tick
    const [label, start] =
      table.window.kind === 'hopping' ? ['final_until', 'pane_start'] : ['final_revision', 'window_start'];
    const first = `where ${start} = (select min(${start}) from "${name}")`;
    await shop.place.query(
      `create table held as select ${label} from "${name}" ${first}; update "${name}" set ${label} = null ${first}`,
    );
    const held = await get(`${at(graph, name)}?${ALL}&limit=10000`);
    await shop.place.query(
      `update "${name}" set ${label} = (select max(${label}) from held) ${first}; drop table held`,
    );
    const [ends] = held.data
      .filter(({ state }) => state === 'open')
      .map(({ end }) => end)
      .sort();
    expect((held.meta.final ?? '') < (ends ?? '')).toBe(true);
  });

  test('buckets are those of the roll-up, also page after page, filtered by state and filled', async () => {
    const span = `from=${iso(START)}&to=${iso(END)}`;
    const bucket = table.window.kind === 'calendar' && table.window.shape[0] === 'month' ? 'year' : 'day';
    const zone = table.window.zone ? '' : table.window.kind === 'calendar' ? '&zone=Europe/Berlin' : '';
    const all = await get(`${at(graph, name)}?${span}&bucket=${bucket}${zone}&order=asc&limit=5000&fill=zero`);
    const [direct] = await shop.place.query<{ n: string }>(
      `select count(*) as n from "${name}_rollup"('${bucket}', '${iso(START)}', '${iso(END)}', ${zone ? `zone => 'Europe/Berlin', ` : ''}fill => true)`,
    );
    expect(all.data).toHaveLength(Number(direct?.n));
    expect(all.data.length).toBeGreaterThan(0);
    expect(all.data.every(({ revision }) => revision === null)).toBe(true);
    const first = await get(`${at(graph, name)}?${span}&bucket=${bucket}${zone}&order=asc&limit=1&fill=zero`);
    if (first.page.next !== null) {
      const second = await get(
        `${at(graph, name)}?${span}&bucket=${bucket}${zone}&order=asc&limit=1&fill=zero&cursor=${first.page.next}`,
      );
      expect([...first.data, ...second.data]).toEqual(all.data.slice(0, 2));
    }
    const open = await get(`${at(graph, name)}?${span}&bucket=${bucket}${zone}&state=open&order=asc&limit=5000`);
    expect(open.data.every(({ state }) => state === 'open')).toBe(true);
    const one = await get(`${at(graph, name)}?${span}&bucket=${bucket}${zone}&by=&limit=5000`);
    expect(one.data.every(({ key }) => Object.keys(key).every((column) => column === 'zone'))).toBe(true);
  });

  test('keys, states and measures choose among them', async () => {
    const all = await get(`${at(graph, name)}?${ALL}&limit=10000`);
    const [column] = Object.keys(table.key);
    const value = all.data[0]?.key[column ?? ''];
    if (column !== undefined) {
      const some = await get(
        `${at(graph, name)}?${ALL}&limit=10000&key.${column}=${encodeURIComponent(String(value))}`,
      );
      expect(some.data).toEqual(all.data.filter(({ key }) => key[column] === value));
    }
    const open = await get(`${at(graph, name)}?${ALL}&limit=10000&state=open`);
    expect(open.data).toEqual(all.data.filter(({ state }) => state === 'open'));
    const closed = await get(`${at(graph, name)}?${ALL}&limit=10000&state=final,revised`);
    expect(closed.data).toEqual(all.data.filter(({ state }) => state !== 'open'));
    const [measure = ''] = Object.keys(table.measures).slice(-1);
    const chosen = await get(`${at(graph, name)}?${ALL}&limit=1&measures=${measure}`);
    const columns = columnsOf(table).filter((each) => each.measure === measure);
    expect(Object.keys(chosen.data[0]?.measures ?? {})).toEqual(columns.map((each) => each.name));
    const [to, from] = [...new Set(all.data.map(({ start }) => start))];
    if (from !== undefined) {
      const between = await get(`${at(graph, name)}?from=${from}&to=${to}&limit=10000`);
      expect(between.data).toEqual(all.data.filter(({ start }) => start === from));
    }
    const number = columnsOf(table).find(
      ({ role, type }) => role === 'measure' && (type === 'bigint' || type === 'numeric'),
    );
    if (number) {
      const top = await get(`${at(graph, name)}?${ALL}&top=${number.name}&limit=3`);
      const best = all.data.map(({ measures }) => Number(measures[number.name] ?? -1)).sort((a, b) => b - a);
      expect(top.data.map(({ measures }) => Number(measures[number.name] ?? -1))).toEqual(best.slice(0, 3));
    }
  });

  test('csv and ndjson say the same', async () => {
    const query = `${at(graph, name)}?${ALL}&limit=5`;
    const { data, page } = await get(query);
    const lines = await shop.app.request(`${query}&format=ndjson`);
    expect(
      (await lines.text())
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(data);
    expect(lines.headers.get('scalestream-next')).toBe(page.next);
    expect(lines.headers.get('scalestream-watermark')).toBe(iso(END - 6 * 3_600_000));
    const csv = await (await shop.app.request(`${query}&format=csv`)).text();
    expect(csv.split('\n')[0]).toBe(
      [
        'start',
        'end',
        ...columnsOf(table).map((column) => column.name),
        'state',
        'revision',
        'updated_at',
        'trace_id',
      ].join(','),
    );
    expect(csv.trimEnd().split('\n')).toHaveLength(data.length + 1);
  });
});

test('the typed client asks and reads by type', async () => {
  const client = metricsClient('http://localhost', { fetch: shop.app.request });
  const answer = await client.v1.pipelines[':pipeline'].windows[':table'].$get({
    param: { pipeline: 'storefront', table: 'product_trade' },
    query: { limit: '2', 'key.product': '(none)' },
  });
  const { data, meta } = await answer.json();
  expect(data.map(({ key }) => key)).toEqual([{ product: '(none)' }, { product: '(none)' }]);
  expect(meta.columns.find(({ name }) => name === 'events')).toMatchObject({ type: 'bigint', kind: 'count' });
  const pipelines = await (await client.v1.pipelines.$get()).json();
  expect(pipelines.data.map(({ name }) => name)).toEqual(PIPELINES.map(({ name }) => name));
});

const inText = (value: unknown): unknown => (typeof value === 'object' ? JSON.stringify(value) : value);
