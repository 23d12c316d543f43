import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { ConfigError, fromTable, type FromTableOptions, LookupError } from '../../src/index.ts';
import { postgresPlace, type PostgresPlace } from '../support/postgres-place.ts';
import { postgresProxy } from '../support/postgres-proxy.ts';

let place: PostgresPlace;
beforeEach(async () => {
  place = await postgresPlace();
  await place.query(`
    create table campaigns (id text primary key, name text, budget numeric(10, 2), starts date);
    insert into campaigns values ('c1', 'Summer "sale", {x}', 12.50, '2026-07-01'), ('c2', null, null, null), ('', 'none', 0, null)`);
});
afterEach(() => place.close());

const signal = new AbortController().signal;

/** A look-up at work in the place's database; ended with the test. */
function opened<C extends string>(options: Omit<FromTableOptions<C>, 'url'>, url: string = place.url) {
  const { find, close } = fromTable({ url, ...options }).open();
  onTestFinished(() => close?.());
  return (...keys: string[]) => find(keys, signal);
}

const failure = async (asked: Promise<unknown>): Promise<LookupError> => {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LookupError);
  return error as LookupError;
};

test('rows are found by key, the declared columns as text or null; what is not there is left out', async () => {
  const find = opened({ table: 'campaigns', key: 'id', columns: ['name', 'budget', 'starts'] });
  expect(await find('c1', 'c2', 'c3', '', `o'"\\{},`)).toEqual(
    new Map([
      ['c1', { name: 'Summer "sale", {x}', budget: '12.50', starts: '2026-07-01' }],
      ['c2', { name: null, budget: null, starts: null }],
      ['', { name: 'none', budget: '0.00', starts: null }],
    ]),
  );
});

test('thousands of keys are looked up at once; few keys of a large table by its index', async () => {
  await place.query(`
    insert into campaigns select 'n' || i, 'name ' || i from generate_series(1, 20000) i; analyze campaigns`);
  const keys = Array.from({ length: 3_000 }, (_, i) => `n${i * 5}`);
  const find = opened({ table: 'campaigns', key: 'id', columns: ['name'] });
  expect((await find(...keys)).size).toBe(2_999);
  const before = await scans();
  expect((await find('n1', 'n2')).size).toBe(2);
  expect((await scans()).sequential).toBe(before.sequential);

  async function scans() {
    await place.query('select pg_stat_clear_snapshot()');
    const [row] = await place.query<{ sequential: string }>(
      `select seq_scan as sequential from pg_stat_user_tables where relname = 'campaigns'`,
    );
    return row as { sequential: string };
  }
});

test('a key of another type has its form: of a uuid upper case too, and what does not fit is not there', async () => {
  const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';
  await place.query(`
    create table users (id uuid primary key, no integer unique, name text);
    insert into users values ('${uuid}', 7, 'Zoë')`);
  const byId = opened({ table: 'users', key: { uuid: 'id' }, columns: ['name'] });
  const row = { name: 'Zoë' };
  expect(await byId(uuid, uuid.toUpperCase(), 'nobody')).toEqual(
    new Map([
      [uuid, row],
      [uuid.toUpperCase(), row],
    ]),
  );
  const byNumber = opened({ table: 'users', key: { bigint: 'no' }, columns: ['name'] });
  expect(await byNumber('7', '007', 'x', '99999999999999999999', '9223372036854775807')).toEqual(
    new Map([
      ['7', row],
      ['007', row],
    ]),
  );
  expect(await byNumber('seven')).toEqual(new Map());
});

test('a table of another schema and names in any spelling are found; nothing in a name is SQL', async () => {
  await place.query(`create schema crm; create table crm."Campaigns" ("Id" text, "a ""name""; --" text);
    insert into crm."Campaigns" values ('x', 'y')`);
  const find = opened({ table: 'crm.Campaigns', key: 'Id', columns: ['a "name"; --'] });
  expect(await find('x')).toEqual(new Map([['x', { 'a "name"; --': 'y' }]]));
});

test.each<[string, Partial<FromTableOptions<string>>, string, string]>([
  ['a table that is not there', { table: 'nowhere' }, '42P01', 'relation "nowhere" does not exist'],
  ['a column that is not there', { columns: ['nothing'] }, '42703', 'column "nothing" does not exist'],
  ['a key of another type', { key: { bigint: 'id' } }, '42883', "Fix: key: 'id', { uuid: 'id' } or { bigint: 'id' }"],
  [
    'a table that may not be read',
    { table: 'pg_authid', key: 'rolname', columns: ['oid'] },
    '42501',
    'permission denied',
  ],
  ['a view whose rows are not one a key', { table: 'double' }, 'ambiguous', "several rows have one 'id'"],
])('%s stops the worker', async (_, options, reason, said) => {
  const role = `reader_${randomBytes(4).toString('hex')}`;
  await place.query(`create view double as select * from campaigns union all select * from campaigns;
    create role "${role}" login password 'secret'; grant select on campaigns, double to "${role}"`);
  const url = new URL(place.url);
  url.username = role;
  url.password = 'secret';
  const find = opened<string>({ table: 'campaigns', key: 'id', columns: ['name'], ...options }, url.href);
  expect(await failure(find('c1'))).toMatchObject({ failure: 'fatal', reason, message: expect.stringContaining(said) });
  await place.query(`drop owned by "${role}"; drop role "${role}"`);
});

test('a statement that runs into its limit is worth another try', async () => {
  await place.query('create view slow as select id, pg_sleep(5)::text as name from campaigns');
  const find = opened({ table: 'slow', key: 'id', columns: ['name'], timeout: '100ms' });
  expect(await failure(find('c1'))).toMatchObject({ failure: 'retry' });
});

test('a database that is away is worth another try, and is asked again once it is back', async () => {
  const proxy = await postgresProxy(place.url);
  onTestFinished(() => proxy.close());
  const find = opened({ table: 'campaigns', key: 'id', columns: ['name'] }, proxy.url);
  expect((await find('c2')).size).toBe(1);
  await proxy.door('refuse');
  proxy.cutAll();
  expect(await failure(find('c2'))).toMatchObject({ failure: 'retry' });
  await proxy.door('open');
  for (;;) {
    const answer = await find('c2').catch(() => undefined);
    if (answer) return expect(answer.size).toBe(1);
  }
});

test('nothing is connected before the first question, and closing leaves no session', async () => {
  const { find, close } = fromTable({ url: place.url, table: 'campaigns', key: 'id', columns: ['name'] }).open();
  expect(await sessions()).toBe('0');
  await find(['c1'], signal);
  expect(await sessions()).toBe('1');
  await close?.();
  while ((await sessions()) !== '0');

  async function sessions() {
    const [row] = await place.query<{ n: string }>(
      `select count(*)::text as n from pg_stat_activity where datname = current_database() and application_name = 'scalestream'`,
    );
    return row?.n;
  }
});

test.each<[string, object, string]>([
  ['without a table', { table: '' }, 'the name of a table'],
  ['without columns', { columns: [] }, 'names of columns'],
  ['with a key of a type that cannot be', { key: { json: 'id' } }, "fromTable('campaigns') key"],
  ['with a misspelt option', { colums: [] }, "did you mean 'columns'?"],
])('a declaration %s is refused where it stands', (_, options, said) => {
  const whole = { url: 'postgres://localhost/x', table: 'campaigns', key: 'id', columns: ['name'], ...options };
  expect(() => fromTable(whole as FromTableOptions<string>)).toThrow(said);
});

test.each([
  [undefined, 'is its environment variable set?'],
  ['https://me:SECRET@crm.example', 'begin it with postgres://'],
])('a graph does not start with the url %s', (url, said) => {
  const { open } = fromTable({ url, table: 'campaigns', key: 'id', columns: ['name'] });
  const starting = () => open();
  expect(starting).toThrow(said);
  expect(starting).toThrow(ConfigError);
  expect(starting).not.toThrow('SECRET');
});
