import { EMPTY } from 'rxjs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  ConfigError,
  count,
  eventTable,
  foldInto,
  gather,
  json,
  memoryStore,
  pipeline,
  postgresDatabase,
  toQueue,
  toTable,
  toWebhook,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../src/index.ts';

// What a file of plain JavaScript, or one that casts, may declare.
const schema = z.object({ id: z.string(), at: z.string() });
const given = { schema, id: (e: { id: string }) => e.id, time: (e: { at: string }) => e.at, keep: '90d' as const };
const events = eventTable('events', given);
const windows = { window: tumbling('1m'), key: {}, measures: { events: count() } };
const anEventTable = (wrong: object) => () => eventTable('t', { ...given, ...wrong });
const aWindowTable = (wrong: object) => () => windowTable('t', events, { ...windows, ...wrong });
const tables = pipeline('tables', [events, windowTable('t', events, windows)], () => EMPTY);
const any = (value: unknown) => value as never;

test.each<[string, () => unknown]>([
  ['an event table without a name', () => eventTable(any(undefined), given)],
  ['an event table without options', () => eventTable('t', any(undefined))],
  ['a window table without options', () => windowTable('t', events, any(undefined))],
  ['a queue without options', () => toQueue(any(undefined))],
  ['no schema', anEventTable({ schema: undefined })],
  ['a schema of no standard', anEventTable({ schema: { type: 'object' } })],
  ['no time', anEventTable({ time: undefined })],
  ['no id', anEventTable({ id: undefined })],
  ['an id that is no accessor', anEventTable({ id: { uuid: 'id' } })],
  ['a column of no type', anEventTable({ columns: { x: { money: () => 1 } } })],
  ['a column that is null', anEventTable({ columns: { x: null } })],
  ['no retention', anEventTable({ keep: null })],
  ['a retention of ages', anEventTable({ keep: '99999999999999999999d' })],
  ['no window', aWindowTable({ window: undefined })],
  ['no key', aWindowTable({ key: undefined })],
  ['a key that is no accessor', aWindowTable({ key: { k: 'country' } })],
  ['no measures', aWindowTable({ measures: null })],
  ['a measure that was not called', aWindowTable({ measures: { events: count } })],
  ['a window of ages', () => tumbling('99999999999999999999d')],
  [
    'no tables',
    () =>
      pipeline(
        'p',
        any(undefined),
        any(() => undefined),
      ),
  ],
  [
    'a table that is none',
    () =>
      pipeline(
        'p',
        [any(null)],
        any(() => undefined),
      ),
  ],
  ['no graph', () => pipeline('p', [events], any(undefined))],
  [
    'a transaction without its table',
    () =>
      transaction(
        memoryStore(tables),
        any({}),
        any(() => undefined),
      ),
  ],
  ['a fold into no table', () => foldInto(any(undefined))],
  [
    'a key and a measure of one name',
    aWindowTable({ key: { n: (e: { id: string }) => e.id }, measures: { n: count() } }),
  ],
  ['a batch of no events', () => gather({ events: 0, within: '1s' })],
  ['a batch of NaN events', () => gather({ events: Number.NaN, within: '1s' })],
  ['a batch that waits for days', () => gather({ events: 1, within: '99d' })],
  ['messages of no bytes', () => json(events, { maxBytes: -1 })],
  ['a password with a bare %', () => postgresDatabase({ url: 'postgres://u:100%@localhost/db' })],
  [
    'a certificate that is not there',
    () => postgresDatabase({ url: 'postgres://u@db.example/x?sslrootcert=/no/such/file' }),
  ],
])('%s is refused with what was expected, where, and the likely fix', (_, wrong) => {
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(/.+: expected .+; got .+\. Fix: .+/);
});

const table = windowTable('t', events, windows);

test.each<[string, string, () => unknown]>([
  ['eventTable', 'latness', anEventTable({ latness: '5m' })],
  ['windowTable', 'mesures', aWindowTable({ mesures: {} })],
  ['whenFinal', 'wen', () => whenFinal(table, toQueue({ queue: 'q' }), any({ name: 'a', wen: () => true }))],
  ['toQueue', 'quue', () => toQueue(any({ quue: 'finance' }))],
  ['toWebhook', 'header', () => toWebhook(any({ url: 'https://example.com', header: {} }))],
  ['dedupe', 'whitin', anEventTable({ dedupe: { by: 'id', whitin: '7d' } })],
  ['keep', 'id', anEventTable({ keep: { id: '90d' } })],
])('an option of %s that is spelt %s is refused with the one that is meant', (_, name, wrong) => {
  const meant = {
    latness: 'lateness',
    mesures: 'measures',
    wen: 'when',
    quue: 'queue',
    header: 'headers',
    whitin: 'within',
    id: 'ids',
  };
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(`got '${name}'. Fix: did you mean '${meant[name as keyof typeof meant]}'?`);
});

test('an option that is like none is refused with those that there are', () => {
  expect(anEventTable({ partitions: 'hourly' })).toThrow(
    "eventTable('t'): expected options schema, id, time, keep, columns, dedupe, maxFuture, lateness, late, skew; got 'partitions'. Fix: leave it out",
  );
});

test('every option that there is may be given', () => {
  const all = {
    columns: {},
    dedupe: { by: 'id', within: '7d' },
    maxFuture: '1d',
    lateness: '5m',
    late: 'divert',
    skew: '1s',
  };
  expect(anEventTable(all)()).toMatchObject({ late: 'divert', skew: 1_000 });
  expect(anEventTable({ keep: { ids: '7d' } })()).toMatchObject({ keepDays: 7, whole: false });
  const queue = { queue: 'q', timeout: '1s', endpoint: 'http://127.0.0.1:1', region: 'eu-west-1' } as const;
  const to = toQueue({ ...queue, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  expect(whenFinal(table, to, { name: 'a', when: () => true, body: () => '' }).name).toBe('a');
  expect(toWebhook({ url: 'https://example.com', headers: {}, timeout: '1s', concurrency: 1 }).kind).toBe('sink');
  expect(whenFinal(table, toTable('f')).name).toBe('f');
});
