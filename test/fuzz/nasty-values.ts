import type { Dice } from './dice.ts';

const STRINGS: readonly string[] = [
  '""',
  '" "',
  String.raw`"\u0000"`,
  String.raw`"a\u0000b"`,
  String.raw`"\ud800"`,
  String.raw`"\udc00x"`,
  String.raw`"\ud83d\ude00"`,
  '"\ud800"',
  String.raw`"\u001e"`,
  String.raw`"\u2028"`,
  '"\u2028"',
  '"\u2029\u0085"',
  '"\ufeff"',
  '"\u202e\u200b"',
  String.raw`"\\"`,
  String.raw`"\""`,
  String.raw`"\/\b\f"`,
  '"{}"',
  '"{\\"a\\":1}"',
  '"NULL"',
  '"null"',
  '"\'; drop table orders; --"',
  '"$1"',
  '"a,b"',
  '"İıſ"',
  '"\u0130"',
  '"é"',
  '"e\u0301"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"\u007f"',
  '"\\u001f"',
  '"\u00a0"',
  '"H4sI"',
  '"KLUv/"',
  '"[object Object]"',
  '"NaN"',
  '"Infinity"',
  '"-0"',
  '"0x10"',
  '"1e999"',
  '"1_000"',
];

const NUMBERS: readonly string[] = [
  '0',
  '-0',
  '0.0',
  '1',
  '-1',
  '1.5',
  '1e3',
  '1E+3',
  '1e-3',
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '123456789012345678901234567890',
  '1e308',
  '1e309',
  '-1e999',
  '1e999',
  '1e-999',
  '5e-324',
  '0.1',
  '2147483648',
  '1e9',
  '1000000001',
  '-1000000000',
  '0.30000000000000004',
  `1${'0'.repeat(400)}`,
];

const DATES: readonly string[] = [
  '"2026-01-01T00:00:00Z"',
  '"2026-01-01T00:00:00.123456789Z"',
  '"2026-01-01 00:00:00+00"',
  '"2026-01-01t00:00:00z"',
  '"2026-01-01T00:00:00+14:00"',
  '"2025-12-31T23:59:59-0800"',
  '"2026-01-01T00:00:00"',
  '"2026-01-01"',
  '"20260101T000000Z"',
  '"2026-02-30T00:00:00Z"',
  '"2024-02-29T00:00:00Z"',
  '"2026-13-01T00:00:00Z"',
  '"2025-06-30T23:59:60Z"',
  '"2025-12-31T24:00:00Z"',
  '"1969-12-31T23:59:59Z"',
  '"1970-01-01T00:00:00Z"',
  '"2249-12-31T23:59:59Z"',
  '"9999-12-31T23:59:59Z"',
  '"0000-01-01T00:00:00Z"',
  '"+275760-09-13T00:00:00Z"',
  '"Thu, 01 Jan 2026 00:00:00 GMT"',
  '"1767225600"',
  '1767225600',
  '1767225600000',
  '1767225600000.5',
  '1767225600000000',
  '1767225600123.456',
  '0',
  '-1',
  '8640000000000000',
  '1e13',
  '"now"',
  '"infinity"',
  '"2026-01-01T00:00:00 UTC"',
  '"2026-01-01T00:00:00+99:99"',
];

const UUIDS: readonly string[] = [
  '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"',
  '"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"',
  '"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"',
  '"a0eebc999c0b4ef8bb6d6bb9bd380a11"',
  '"a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11"',
  '"urn:uuid:a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"',
  '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1"',
  '"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111"',
  '"g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"',
  '"00000000-0000-0000-0000-000000000000"',
  '" a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"',
];

const OTHERS: readonly string[] = [
  'null',
  'true',
  'false',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '{"toString":1,"valueOf":1}',
  '{"toString":null}',
  '{"then":1}',
  '{"length":-1}',
  '{"0":1,"length":1}',
  '{"__proto__":null}',
  '{"__proto__":{"id":"x"}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"constructor":1}',
  String.raw`{"\u005f_proto__":{"x":1}}`,
  '{"prototype":{}}',
  '{"epochNanoseconds":1}',
  '{"hasOwnProperty":1}',
  '{"":""}',
];

const DEPTHS = [10, 100, 1_000, 6_000];

/** JSON texts of values that something somewhere may stumble over. */
export function nastyValue(dice: Dice, field?: string): string {
  const roll = dice.below(100);
  if (field === 'at' && roll < 70) return dice.pick(DATES);
  if (field === 'id' && roll < 50) return dice.pick(UUIDS);
  if (roll < 30) return dice.pick(STRINGS);
  if (roll < 55) return dice.pick(NUMBERS);
  if (roll < 75) return dice.pick(OTHERS);
  if (roll < 84) return dice.pick(DATES);
  if (roll < 90) return dice.pick(UUIDS);
  if (roll < 95)
    return JSON.stringify(dice.pick(['x', 'é', '😀', ' ']).repeat(dice.pick([333, 334, 999, 1_000, 1_001, 3_000])));
  if (roll < 97) return `"${String.fromCharCode(dice.below(0xffff)).replace(/["\\\n\r]/, '?')}"`;
  const depth = dice.chance(95) ? dice.pick(DEPTHS.slice(0, 3)) : dice.pick(DEPTHS);
  return dice.chance(50) ? '['.repeat(depth) + ']'.repeat(depth) : `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
}
