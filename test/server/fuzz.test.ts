import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import abandonedCarts from '../../src/pipelines/abandoned-carts.ts';
import conversionFunnel from '../../src/pipelines/conversion-funnel.ts';
import distinctBuyers from '../../src/pipelines/distinct-buyers.ts';
import revenueByCountry from '../../src/pipelines/revenue-by-country.ts';
import storefront from '../../src/pipelines/storefront.ts';
import type { WindowsAnswer } from '../../src/server/index.ts';
import { windowParameters } from '../../src/server/understand.ts';
import { END, type Served, served, START } from './shop.ts';

const PIPELINES = [storefront, abandonedCarts, conversionFunnel, distinctBuyers, revenueByCountry];
const TABLES = PIPELINES.flatMap((graph) => [...graph.windows, ...graph.over].map((table) => ({ graph, table })));
const REQUESTS = 2_000;

let shop: Served;
beforeAll(async () => {
  shop = await served(PIPELINES, { events: 400 });
});
afterAll(() => shop.close());

const moment = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.integer({ min: START - 86_400_000, max: END + 86_400_000 }).map((ms) => new Date(ms).toISOString()),
  },
  fc.constantFrom(
    '1970-01-01T00:00:00Z',
    '2249-12-31T23:59:59.999999Z',
    '2026-02-30T00:00:00Z',
    'now',
    '9999-12-31T23:59:59Z',
    '',
  ),
);
const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom('', '0', '-1', '1e9', 'null', '*', '%', 'é', '{}'),
);

/** A question for the windows of some table: mostly one that makes sense, each word of it now and then not. */
const question = fc.constantFrom(...TABLES).chain(({ graph, table }) => {
  const some = (parameter: keyof ReturnType<typeof windowParameters>): string[] => {
    const { schema } = windowParameters(table)[parameter];
    return (schema['enum'] as string[] | undefined) ?? [];
  };
  const word = (...words: string[]): fc.Arbitrary<string> =>
    words.length === 0 ? odd : fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words) }, odd);
  const measures = Object.keys(table.measures);
  const keys = Object.keys(table.key);
  const values: Record<string, fc.Arbitrary<string>> = {
    from: moment,
    to: moment,
    state: word('open', 'final', 'revised', 'open,final'),
    measures: word(...measures, measures.join(',')),
    bucket: word(
      'minute',
      'hour',
      'day',
      'week',
      'month',
      'quarter',
      'year',
      '15 minutes',
      '1 day',
      '7 seconds',
      '90 minutes',
    ),
    zone: word('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/New_York', 'Nowhere/Land'),
    by: word('', ...keys, keys.join(',')),
    fill: word('zero'),
    top: word(...some('top')),
    order: word('asc', 'desc'),
    limit: word('1', '7', '100', '10000'),
    format: word('rows', 'csv', 'ndjson'),
    numbers: word('json', 'text'),
    cursor: word('W10', Buffer.from('["x",1]').toString('base64url')),
    ...Object.fromEntries(keys.map((key) => [`key.${key}`, word('DE', 'EUR', '(none)', 'mobile', 'a,b')])),
  };
  const present = Object.entries(values).map(([name, value]) =>
    fc
      .option(value, { freq: ['cursor', 'top', 'by', 'fill', 'zone'].includes(name) ? 1 : 2, nil: undefined })
      .map((text) => [name, text] as const),
  );
  const unknown = fc.option(fc.tuple(odd, odd), { freq: 1, nil: undefined }).filter(() => true);
  return fc
    .tuple(
      fc.tuple(...present),
      fc.integer({ min: 0, max: 19 }).chain((n) => (n === 0 ? unknown : fc.constant(undefined))),
    )
    .map(([given, more]) => {
      const query = new URLSearchParams();
      // buckets want a span, so that not all questions for them are refused at once
      for (const [name, text] of given) if (text !== undefined) query.append(name, text.toWellFormed());
      if (query.has('bucket') && !query.has('from') && !query.has('to')) {
        query.set('from', new Date(START).toISOString());
        query.set('to', new Date(END).toISOString());
      }
      if (more) query.append(more[0].toWellFormed(), more[1].toWellFormed());
      return { path: `/v1/pipelines/${graph.name}/windows/${table.name}?${query.toString()}`, query };
    });
});

test(`no question for windows, of ${REQUESTS}, is a failure of the server; whatever is answered is what was asked for`, {
  timeout: 240_000,
}, async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`fuzz of the windows endpoint: FUZZ_SEED=${seed}`);
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(question, async ({ path, query }) => {
      const response = await shop.app.request(path);
      const text = await response.text();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status !== 200) {
        expect([400, 422], `${path}: ${text}`).toContain(response.status);
        expect(JSON.parse(text)).toMatchObject({
          status: response.status,
          expected: expect.any(String),
          fix: expect.stringMatching(/./),
        });
        return;
      }
      if (query.has('format') && query.get('format') !== 'rows') return;
      const { data } = JSON.parse(text) as WindowsAnswer;
      expect(data.length).toBeLessThanOrEqual(Number(query.get('limit') ?? 100));
      const states = query.get('state')?.split(',') ?? ['open', 'final', 'revised'];
      for (const { start, end, state, key } of data) {
        expect(start < end).toBe(true);
        if (query.get('state') !== '') expect(states).toContain(state);
        if (query.has('bucket')) continue;
        if (query.has('from')) expect(Date.parse(start)).toBeGreaterThanOrEqual(Date.parse(query.get('from') ?? ''));
        if (query.has('to')) expect(Date.parse(start)).toBeLessThan(Date.parse(query.get('to') ?? ''));
        for (const [column, value] of Object.entries(key))
          if (query.has(`key.${column}`)) expect(String(value)).toBe(query.get(`key.${column}`));
      }
    }),
    { seed, numRuns: REQUESTS },
  );
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
  expect(statuses.get(200) ?? 0).toBeGreaterThan(REQUESTS / 10);
});
