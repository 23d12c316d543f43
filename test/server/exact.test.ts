import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WindowsAnswer } from '../../src/server/index.ts';
import { columnsOf } from '../../src/server/window-columns.ts';
import { MEASURES } from '../measures/every-measure.ts';
import { fact, measured } from '../measures/facts.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';
import { type Served, serving } from './shop.ts';

const { graph, table } = measured(MEASURES);
const AT = '/v1/pipelines/facts/windows/measured';

let shop: Served;
beforeAll(async () => {
  const place = await postgresPlace();
  const store = await place.open(graph);
  const facts = [
    fact(1, { value: '9007199254740993', page: 'a "quoted", page\n=1+1', currency: 'EUR', step: 'buy' }),
    fact(2, {
      value: '0.1000000000000000000000000001',
      page: 'a "quoted", page\n=1+1',
      currency: 'USD',
      user: 'Ünal 😀',
    }),
    fact(3, { value: null, page: '' }),
  ];
  await run(graph, store, [facts.map((each) => message(JSON.stringify(each)))]);
  shop = serving(place, [graph]);
});
afterAll(() => shop.close());

test('numbers have all their digits, as JSON numbers or as text, and what is JSON is left as it is', async () => {
  const text = await (await shop.app.request(`${AT}?order=desc&limit=1`)).text();
  expect(text).toContain('"total":9007199254740993.1000000000000000000000000001,');
  expect(text).toMatch(/"takings":\{"EUR": 9007199254740993, "USD": 0\.1000000000000000000000000001\}/);
  const asText = (await (await shop.app.request(`${AT}?numbers=text&limit=1`)).json()) as WindowsAnswer;
  expect(asText.data[0]?.measures).toMatchObject({
    total: '9007199254740993.1000000000000000000000000001',
    facts: '2',
    sold: false,
  });
});

test('every measure is there with its type, also of nothing, in windows and in buckets', async () => {
  for (const query of ['', `&bucket=hour&from=2026-01-01T00:00:00Z&to=2026-01-01T02:00:00Z&fill=zero`]) {
    const response = await shop.app.request(`${AT}?order=asc${query}`);
    const { data } = (await response.json()) as WindowsAnswer;
    expect(data.length).toBeGreaterThan(1);
    for (const { measures } of data) {
      expect(Object.keys(measures)).toEqual(
        columnsOf(table)
          .filter(({ role }) => role === 'measure')
          .map(({ name }) => name),
      );
      for (const { name, type } of columnsOf(table).filter(({ role }) => role === 'measure')) {
        const value = measures[name];
        if (value === null) continue;
        const js = {
          text: 'string',
          uuid: 'string',
          bigint: 'number',
          numeric: 'number',
          boolean: 'boolean',
          jsonb: 'object',
        };
        expect(typeof value, name).toBe(js[type]);
      }
    }
  }
});

test('a key may hold anything: as a filter, in JSON, in a cursor and in CSV', async () => {
  const page = 'a "quoted", page\n=1+1';
  const { data } = (await (
    await shop.app.request(`${AT}?key.page=${encodeURIComponent(page)}`)
  ).json()) as WindowsAnswer;
  expect(data.map(({ key }) => key)).toEqual([{ page }]);
  const nothing = (await (await shop.app.request(`${AT}?key.page=`)).json()) as WindowsAnswer;
  expect(nothing.data.map(({ key }) => key)).toEqual([{ page: '' }]);
  const both = (await (
    await shop.app.request(`${AT}?key.page=&key.page=${encodeURIComponent(page)}`)
  ).json()) as WindowsAnswer;
  expect(both.data).toHaveLength(2);
  const first = (await (await shop.app.request(`${AT}?limit=1`)).json()) as WindowsAnswer;
  const second = (await (await shop.app.request(`${AT}?limit=1&cursor=${first.page.next}`)).json()) as WindowsAnswer;
  expect([...first.data, ...second.data].map(({ key }) => key['page'])).toEqual([page, '']);
  const csv = await (await shop.app.request(`${AT}?format=csv&measures=facts`)).text();
  expect(csv).toMatch(
    /^start,end,page,facts,state,revision,updated_at,trace_id\n\S+?Z,\S+?Z,"a ""quoted"", page\n=1\+1",2,open,/,
  );
});
