import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochMicros, epochSeconds, eventTime, MAX_EVENT_TIME } from '../src/event-time.ts';

const INSTANT = Date.UTC(2019, 9, 1) * 1_000;

describe('eventTime', () => {
  test.each([
    '2019-10-01T00:00:00Z',
    '2019-10-01T00:00:00.000Z',
    '2019-10-01T00:00:00.000000000Z',
    '2019-10-01t00:00:00z',
    '2019-10-01 00:00:00Z',
    '2019-10-01 00:00:00 UTC',
    '2019-10-01T00:00:00+00:00',
    '2019-10-01T00:00:00-00:00',
    '2019-10-01T02:00:00+02:00',
    '2019-10-01T02:00:00+0200',
    '2019-10-01 02:00:00+02',
    '2019-09-30T18:30:00-05:30',
  ])('%s is one instant, however it is written', (text) => expect(eventTime(text)).toBe(INSTANT));

  test('a Date, milliseconds and an instant of Temporal are the same instant', () => {
    for (const input of [new Date(INSTANT / 1_000), INSTANT / 1_000, { epochNanoseconds: BigInt(INSTANT) * 1_000n }])
      expect(eventTime(input)).toBe(INSTANT);
  });

  test('times that differ below a microsecond are equal after rounding', () => {
    const spellings = ['0.123456', '0.1234561', '0.123456499', '0.123455500'];
    for (const spelling of spellings) expect(eventTime(`2019-10-01T00:00:0${spelling}Z`)).toBe(INSTANT + 123_456);
    expect(eventTime('2019-10-01T00:00:00.999999999Z')).toBe(INSTANT + 1_000_000);
    expect(eventTime({ epochNanoseconds: BigInt(INSTANT) * 1_000n + 123_456_499n })).toBe(INSTANT + 123_456);
    expect(eventTime({ epochNanoseconds: BigInt(INSTANT) * 1_000n + 123_456_500n })).toBe(INSTANT + 123_457);
  });

  test.each([
    ['no offset', '2019-10-01T00:00:00'],
    ['no clock', '2019-10-01'],
    ['30 February', '2024-02-30T00:00:00Z'],
    ['30 February in the common form', '2024-02-30T00:00:00.000Z'],
    ['29 February of a common year', '2023-02-29T00:00:00Z'],
    ['31 April', '2024-04-31T12:00:00+02:00'],
    ['day 0', '2024-04-00T12:00:00.000Z'],
    ['month 13', '2024-13-01T12:00:00.000Z'],
    ['hour 25', '2024-04-01T25:00:00.000Z'],
    ['an offset of 99 hours', '2024-04-01T00:00:00+99:00'],
    ['digits only', '1569888000'],
    ['words', 'yesterday'],
    ['nothing', ''],
    ['1969', '1969-12-31T23:59:59Z'],
    ['2250', '2250-01-01T00:00:00Z'],
    ['a negative number', -1],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['an invalid Date', new Date('x')],
    ['null', null],
    ['undefined', undefined],
    ['a boolean', true],
    ['another object', { epochNanoseconds: 5 }],
  ])('refuses %s', (_, input) => expect(eventTime(input)).toBeUndefined());

  test('29 February of a leap year is a day', () => {
    expect(eventTime('2024-02-29T00:00:00Z')).toBe(Date.UTC(2024, 1, 29) * 1_000);
  });

  test('text of any instant to the millisecond, in any form, reads as that instant', () => {
    const instant = fc.integer({ min: 0, max: MAX_EVENT_TIME / 1_000 - 1 });
    fc.assert(
      fc.property(instant, (ms) => {
        const text = new Date(ms).toISOString();
        expect(eventTime(text)).toBe(ms * 1_000);
        expect(eventTime(text.replace('Z', '+00:00'))).toBe(ms * 1_000);
      }),
    );
  });

  test('counts of microseconds and of seconds keep every digit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 43 * 1_000 }), (micros) => {
        expect(eventTime(epochMicros(micros))).toBe(micros);
      }),
    );
    expect(eventTime(epochSeconds(INSTANT / 1_000_000))).toBe(INSTANT);
  });
});
