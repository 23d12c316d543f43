import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { capture } from '../../src/producer/capture.ts';
import type { RawBody } from '../../src/producer/raw-body.ts';

async function file(name: string, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'scalestream-capture-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

async function read(name: string, content: string | Buffer): Promise<(string | RawBody)[]> {
  const events: (string | RawBody)[] = [];
  for await (const event of await capture(await file(name, content))) events.push(event);
  return events;
}

const objects = (events: readonly (string | RawBody)[]) =>
  events.map((event) => JSON.parse(event as string) as Record<string, unknown>);

/** The events without the ids they were given. */
const bare = (events: readonly (string | RawBody)[]) => objects(events).map(({ event_id: _id, ...rest }) => rest);

test('every field of a CSV row stays text, and an empty one is left out', async () => {
  const events = await read('rows.csv', '\ufeffn,big,name,note\r\n1,2103807459595387724,"Zoë, ""Z""",\r\n');
  expect(bare(events)).toEqual([{ n: '1', big: '2103807459595387724', name: 'Zoë, "Z"' }]);
});

test('a row without an id gets one as its first key; one that has an id keeps it', async () => {
  const [given, none, empty] = objects(await read('rows.csv', 'a,id,event_id\n1,x,\n2,,y\n3,,\n'));
  expect(given).toEqual({ a: '1', id: 'x' });
  expect(none).toEqual({ a: '2', event_id: 'y' });
  expect(Object.keys(empty ?? {})).toEqual(['event_id', 'a']);
});

test('sending a file twice brings the same ids, compressed or not; rows that repeat within it have their own', async () => {
  const content = 'a,b\n1,2\n1,2\n3,4\n1,2\n';
  const events = await read('rows.csv', content);
  expect(await read('again.csv.gz', gzipSync(content.replaceAll('\n', '\r\n')))).toEqual(events);
  expect(new Set(objects(events).map(({ event_id }) => event_id)).size).toBe(4);
});

test('a row with columns missing or too many is sent, but no schema can take it for a good one', async () => {
  const [good, short, long, cut] = objects(await read('rows.csv', 'at,b,c\n1,2,3\n4,5\n6,7,8,9\n10,11,"12'));
  expect(good).toMatchObject({ at: '1', b: '2', c: '3' });
  expect(short).toMatchObject({ malformed_row: { at: '4', b: '5' }, columns: 2, expected_columns: 3 });
  expect(long).toMatchObject({ malformed_row: { at: '6', b: '7', c: '8' }, columns: 4, beyond: ['9'] });
  expect(cut).toMatchObject({ malformed_row: { at: '10', b: '11', c: '12' } });
  for (const malformed of [short, long, cut]) {
    expect(malformed).not.toHaveProperty('at');
    expect(malformed).toHaveProperty('event_id');
  }
});

test('a file cut off inside a character ends with a malformed row', async () => {
  const events = objects(await read('rows.csv', Buffer.from('a,b\n1,2\n3,Zoë').subarray(0, -1)));
  expect(events).toMatchObject([{ a: '1' }, { malformed_row: { a: '3' } }]);
});

test('NDJSON lines pass as they stand, digit for digit', async () => {
  const lines = ['{"id":"x","n":2103807459595387724.10}', '{ "event_id": 7, "a" : 1e400 }', '[1,2]', '"text"', 'null'];
  expect(await read('lines.ndjson', `\ufeff${lines.join('\n')}\r\n\n`)).toEqual(lines);
});

test('an NDJSON object without an id gets one, the same on every run, its other text unchanged', async () => {
  const content = ['{"a":1.00}', '{}', '{"a":1.00}', '{"id":null,"a":2}', '{"event_id":"","a":3}'].join('\n');
  const events = (await read('lines.ndjson', content)) as string[];
  expect(await read('lines.ndjson.gz', gzipSync(content))).toEqual(events);
  expect(events[0]).toMatch(/^\{"event_id":"[0-9a-f-]{36}","a":1\.00\}$/);
  expect(events[1]).toMatch(/^\{"event_id":"[0-9a-f-]{36}"\}$/);
  const ids = objects(events).map(({ event_id }) => event_id);
  expect(new Set(ids).size).toBe(5);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
});

test('an NDJSON line that is no JSON, or no UTF-8, is not lost and keeps its bytes', async () => {
  const invalid = Buffer.from([0x22, 0xff, 0x22]);
  const events = await read(
    'lines.ndjson',
    Buffer.concat([Buffer.from('{"id":"1"}\n{"cut":\n'), invalid, Buffer.from('\n{"id":"2"}')]),
  );
  expect(events[0]).toBe('{"id":"1"}');
  expect(events[3]).toBe('{"id":"2"}');
  expect(Buffer.from((events[1] as RawBody).bytes).toString()).toBe('{"cut":');
  expect(Buffer.from((events[2] as RawBody).bytes)).toEqual(invalid);
});

test('a line longer than a chunk of the file arrives whole', async () => {
  const long = `{"id":"${'x'.repeat(700_000)}"}`;
  expect(await read('lines.ndjson', [long, '{"id":"y"}', long].join('\n'))).toEqual([long, '{"id":"y"}', long]);
});

test('a column without a name, such as an exported row number, is named by its place', async () => {
  const [event] = await read('rows.csv', ',user,price\n0,ann,1.50\n');
  expect(JSON.parse(event as string)).toMatchObject({ column_1: '0', user: 'ann', price: '1.50' });
});

test.each([
  ['rows.csv', '', /first line that names each column.*got an empty file/],
  ['rows.csv', 'a,b,a\n1,2,3\n', /got "a" again as column 3/],
  ['rows.csv', '2019-10-01,view,44600062\n', /got "2019-10-01,view,44600062"/],
  ['rows.csv.gz', 'a,b\n1,2\n', /incorrect header check/],
  ['rows.parquet', 'PAR1', /\.ndjson, \.csv.*got \.parquet/],
])('%s with %j is refused before anything is sent', async (name, content, message) => {
  const refused = capture(await file(name, content));
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toBeInstanceOf(ConfigError);
});

test('a file that is not there is refused before anything is sent', async () => {
  await expect(capture('/nowhere/rows.csv')).rejects.toThrow(/file '\/nowhere\/rows\.csv'.*ENOENT/);
});

test('a damaged file ends with an error that says how far it came', async () => {
  const lines = Array.from({ length: 200_000 }, (_, n) => `{"id":"${n}-${Math.imul(n, 0x9e3779b1)}"}`).join('\n');
  const packed = gzipSync(lines);
  const events = await capture(await file('lines.ndjson.gz', packed.subarray(0, packed.length - 1_000)));
  let read = 0;
  const all = async () => {
    for await (const _ of events) read++;
  };
  await expect(all()).rejects.toThrow(/lines\.ndjson\.gz: unexpected end of file \(after \d+ events\)/);
  expect(read).toBeGreaterThan(0);
});

const shared = (name: string) => new URL(`../../../shared/data/${name}`, import.meta.url).pathname;
const rees46 = shared('rees46_2019-10-01_0000-0250.csv.gz');

test.skipIf(!existsSync(rees46))(
  'the REES46 file: all rows, ids to the last digit, its repeats told apart, its cut-off line malformed',
  async () => {
    const events: Record<string, unknown>[] = [];
    for await (const event of await capture(rees46))
      events.push(JSON.parse(event as string) as Record<string, unknown>);
    expect(events).toHaveLength(17_435);
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(17_435);
    expect(events[0]).toMatchObject({ category_id: '2103807459595387724' });
    expect(events.filter((event) => 'malformed_row' in event)).toEqual([events.at(-1)]);
    expect(events.at(-1)).toMatchObject({ columns: 8, expected_columns: 9 });
  },
);

const ga4 = 'ga4_merch_2020-12-25_2020-12-27';

test.skipIf(!existsSync(shared(`${ga4}.csv.gz`)))('the GA4 files: every row has an id of its own', async () => {
  for (const name of [`${ga4}.csv.gz`, `${ga4}.ndjson.gz`]) {
    const ids = new Set<string>();
    for await (const event of await capture(shared(name)))
      ids.add(/"event_id":"([^"]+)"/.exec(event as string)?.[1] ?? '');
    expect(ids.size).toBe(65_972);
  }
});
