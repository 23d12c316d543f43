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
  transaction,
  tumbling,
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
