import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/errors.ts';
import { calendar, type CalendarUnit } from '../../src/windows/calendar.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

const HOUR = 3_600_000_000;

const micros = (time: string): number => Date.parse(time) * 1_000;
const text = (time: number): string => new Date(time / 1_000).toISOString().replace(':00.000Z', 'Z');

const spanOf = (unit: CalendarUnit, zone: string, time: string): [string, string] => {
  const { start, end } = calendar(unit, { zone }).of(micros(time), undefined);
  return [text(start), text(end)];
};

const hours = (unit: CalendarUnit, zone: string, time: string): number => {
  const { start, end } = calendar(unit, { zone }).of(micros(time), undefined);
  return (end - start) / HOUR;
};

describe('calendar', () => {
  test.each<[CalendarUnit, string, string, [string, string]]>([
    ['day', 'UTC', '2026-03-29T12:34:56Z', ['2026-03-29T00:00Z', '2026-03-30T00:00Z']],
    ['day', 'Europe/Berlin', '2026-01-01T22:59:59.999Z', ['2025-12-31T23:00Z', '2026-01-01T23:00Z']],
    ['day', 'Europe/Berlin', '2026-01-01T23:00:00Z', ['2026-01-01T23:00Z', '2026-01-02T23:00Z']],
    ['day', 'Asia/Kolkata', '2026-01-01T18:30:00Z', ['2026-01-01T18:30Z', '2026-01-02T18:30Z']],
    ['hour', 'Asia/Kolkata', '2026-01-01T18:29:00Z', ['2026-01-01T17:30Z', '2026-01-01T18:30Z']],
    ['week', 'America/New_York', '2026-11-24T04:59:00Z', ['2026-11-23T05:00Z', '2026-11-30T05:00Z']],
    ['week', 'America/New_York', '2026-11-23T04:59:00Z', ['2026-11-16T05:00Z', '2026-11-23T05:00Z']],
    ['month', 'America/New_York', '2026-03-31T12:00:00Z', ['2026-03-01T05:00Z', '2026-04-01T04:00Z']],
    ['month', 'UTC', '2028-02-29T23:59:59Z', ['2028-02-01T00:00Z', '2028-03-01T00:00Z']],
  ])('a %s in %s holds %s from %s on', (unit, zone, time, span) => expect(spanOf(unit, zone, time)).toEqual(span));

  test.each<[string, CalendarUnit, string, string, number]>([
    ['clocks are put forward', 'day', 'Europe/Berlin', '2026-03-29T12:00:00Z', 23],
    ['clocks are put back', 'day', 'Europe/Berlin', '2026-10-25T12:00:00Z', 25],
    ['they are put forward at midnight, which is not', 'day', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', 23],
    ['they are put forward by half an hour', 'day', 'Australia/Lord_Howe', '2026-10-04T02:00:00Z', 23.5],
    ['the week has the day of 23 hours', 'week', 'Europe/Berlin', '2026-03-29T12:00:00Z', 167],
    ['the month has the day of 25 hours', 'month', 'Europe/Berlin', '2026-10-01T12:00:00Z', 31 * 24 + 1],
    ['a country gave up summer time, this year no more', 'day', 'Europe/Istanbul', '2016-10-30T12:00:00Z', 24],
    ['as it had it the year before, two weeks later than others', 'day', 'Europe/Istanbul', '2015-11-08T12:00:00Z', 25],
    ['a country moved its clocks by half an hour', 'day', 'Asia/Pyongyang', '2015-08-14T12:00:00Z', 24.5],
    ['and back again three years later', 'day', 'Asia/Pyongyang', '2018-05-04T12:00:00Z', 23.5],
    ['Mexico gave up summer time in 2022', 'day', 'America/Mexico_City', '2023-04-02T12:00:00Z', 24],
  ])('where %s, the %s in %s of %s has %s hours', (_, unit, zone, time, length) =>
    expect(hours(unit, zone, time)).toBe(length),
  );

  test('an hour that comes twice is two windows, and one that does not come is none', () => {
    const { of } = calendar('hour', { zone: 'Europe/Berlin' });
    const starts = (from: string): string[] =>
      [0, 1, 2, 3].map((n) => text(of(micros(from) + n * HOUR, undefined).start));
    expect(starts('2026-10-24T23:30:00Z')).toEqual([
      '2026-10-24T23:00Z',
      '2026-10-25T00:00Z',
      '2026-10-25T01:00Z',
      '2026-10-25T02:00Z',
    ]);
    expect(spanOf('hour', 'Australia/Lord_Howe', '2026-04-04T14:45:00Z')).toEqual([
      '2026-04-04T14:00Z',
      '2026-04-04T15:00Z',
    ]);
    expect(spanOf('hour', 'Australia/Lord_Howe', '2026-04-04T15:15:00Z')).toEqual([
      '2026-04-04T15:00Z',
      '2026-04-04T15:30Z',
    ]);
  });

  test('a day that a country skipped is in no window, and its neighbours meet', () => {
    expect(spanOf('day', 'Pacific/Apia', '2011-12-30T09:59:00Z')).toEqual(['2011-12-29T10:00Z', '2011-12-30T10:00Z']);
    expect(spanOf('day', 'Pacific/Apia', '2011-12-30T10:00:00Z')).toEqual(['2011-12-30T10:00Z', '2011-12-31T10:00Z']);
  });

  test.each(['Mars/Phobos', '', 'Berlin', 'CET', 'GB', '+02:00'])("a zone '%s' is refused", (zone) => {
    expect(() => calendar('day', { zone })).toThrow(ConfigError);
  });

  test('an option that there is not is refused: it would be UTC without a word', () => {
    expect(() => calendar('day', { tz: 'Europe/Berlin' } as object)).toThrow(/zone.*tz/s);
  });

  test('a zone is one however it is spelt', () => {
    const { zone } = calendar('day', { zone: (e: string) => e });
    expect(['Europe/Berlin', 'EUROPE/BERLIN', 'utc'].map((name) => zone?.(name))).toEqual([
      'Europe/Berlin',
      'Europe/Berlin',
      'UTC',
    ]);
  });

  test('a unit that is none is refused', () => {
    expect(() => calendar('decade' as CalendarUnit)).toThrow(/hour, day, week or month/);
  });
});

const ZONES = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'));
const zones = fc.constantFrom(...ZONES);
/** From 1972, when the last zone left the sun, to 2025: what rules will be, releases of the database of zones disagree about. */
const times = fc.integer({ min: 63_072_000, max: 1_767_225_600 }).map((seconds) => seconds * 1_000_000);
const units = fc.constantFrom<CalendarUnit>('day', 'week', 'month');

test('windows have no gap and no overlap: each holds its start, and its end is the start of the next', () => {
  fc.assert(
    fc.property(zones, fc.constantFrom<CalendarUnit>('hour', 'day', 'week', 'month'), times, (zone, unit, time) => {
      const { of, longest } = calendar(unit, { zone });
      const { start, end } = of(time, undefined);
      expect(start).toBeLessThanOrEqual(time);
      expect(end).toBeGreaterThan(time);
      expect(end - start).toBeLessThanOrEqual(longest);
      expect(of(start, undefined)).toEqual({ start, end });
      expect(of(end - 1, undefined)).toEqual({ start, end });
      expect(of(end, undefined).start).toBe(end);
    }),
    { numRuns: 3_000 },
  );
});

describe('beside Postgres', () => {
  let place: PostgresPlace;
  beforeAll(async () => {
    place = await postgresPlace();
  });
  afterAll(() => place.close());

  test('days, weeks and months begin where Postgres truncates to, in every zone of the world', async () => {
    const cases = fc.sample(fc.tuple(units, times), { seed: 42, numRuns: ZONES.length * 20 });
    const asked = cases.map(([unit, time], i) => ({ unit, time, zone: ZONES[i % ZONES.length] as string }));
    const known = new Set(
      (await place.query<{ name: string }>('select name from pg_timezone_names')).map(({ name }) => name),
    );
    const common = asked.filter(({ zone }) => known.has(zone));
    expect(common.length).toBeGreaterThan(asked.length * 0.9);
    const values = common.map(({ unit, time, zone }) => `('${unit}', ${time / 1_000_000}, '${zone}')`).join(', ');
    const found = await place.query<{ start: string }>(
      `select extract(epoch from date_trunc(unit, to_timestamp(s), zone))::text as start
       from (values ${values}) as asked (unit, s, zone)`,
    );
    const different = common.filter(
      ({ unit, time, zone }, i) =>
        calendar(unit, { zone }).of(time, undefined).start !== Number(found[i]?.start) * 1_000_000,
    );
    expect(different.map(({ unit, time, zone }) => `${unit} of ${text(time)} in ${zone}`)).toEqual([]);
  });
});
