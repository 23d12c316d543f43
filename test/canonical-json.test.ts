import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../src/canonical-json.ts';

/** The same value with its keys in another order, at every depth. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, member]) => [key, reversed(member)])
      .toReversed(),
  );
}

test('it is JSON of the same value, whatever the order of keys and the spacing', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value: unknown = JSON.parse(text);
      const canonical = canonicalJson(value);
      expect(JSON.parse(canonical)).toEqual(JSON.parse(JSON.stringify(value))); // of -0, JSON makes 0
      expect(canonicalJson(reversed(value))).toBe(canonical);
      expect(canonicalJson(JSON.parse(JSON.stringify(value, undefined, 2)))).toBe(canonical);
    }),
  );
});

test.each([
  ['{"b":1,"a":{"d":2,"c":3}}', '{"a":{"c":3,"d":2},"b":1}'],
  ['[1.0, 1e2, 0.1, -0, 1E-7]', '[1,100,0.1,0,1e-7]'],
  ['[9007199254740993]', '[9007199254740992]'],
  ['[1e999, null]', '[Infinity,null]'],
  ['{"10":1,"9":2,"é":3,"z":4}', '{"10":1,"9":2,"z":4,"é":3}'],
  ['{"a":1,"a":2}', '{"a":2}'],
  ['"\\u0041\\n"', '"A\\n"'],
  ['[{},[],"",true]', '[{},[],"",true]'],
])('%s is %s', (text, canonical) => expect(canonicalJson(JSON.parse(text))).toBe(canonical));
