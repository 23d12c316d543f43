import { expect, test } from 'vitest';
import { ConfigError } from '../src/errors.ts';
import { identifier } from '../src/identifier.ts';

test.each(['a', '_a1', 'shop_events', 'a'.repeat(63)])('%s is a name', (name) => {
  expect(identifier(name, 'table')).toBe(name);
});

test.each([
  ['shopEvents', "'shop_events'?"],
  ['Shop-Events', "'shop_events'?"],
  ['1st', "'_1st'?"],
  ['', 'give it a name'],
  ['a"; drop table x', "'a___drop_table_x'?"],
  ['größe', "'gr__e'?"],
  ['a'.repeat(64), `'${'a'.repeat(63)}'?`],
])('%j is refused with a likely fix', (name, fix) => {
  expect(() => identifier(name, 'table')).toThrow(ConfigError);
  expect(() => identifier(name, 'table')).toThrow(fix);
});
