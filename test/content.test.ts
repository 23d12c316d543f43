import { expect, test } from 'vitest';
import { contentId, sameContent, textHash } from '../src/content.ts';

test('the id of a content is a UUID of version 8, the same for every spelling of it', () => {
  const id = contentId({ a: 1, b: 'x' });
  expect(id).toBe('ecf9e98e-c064-8e23-913f-f3ce8bdc78d0');
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(contentId(JSON.parse('{"b": "\\u0078", "a": 1.0}'))).toBe(id);
  expect(contentId({ a: '1', b: 'x' })).not.toBe(id);
});

test('texts say the same when their values are equal; where that cannot be told, they do not', () => {
  expect(sameContent('{"a":[1,2]}', '{ "a" : [1.0, 2] }')).toBe(true);
  expect(sameContent('{"a":[1,2]}', '{"a":[2,1]}')).toBe(false);
  expect(sameContent('[null]', '[1e999]')).toBe(false);
  const deep = (inner: string) => '['.repeat(50_000) + inner + ']'.repeat(50_000);
  expect(sameContent(deep('1'), deep('1'))).toBe(true);
  expect(sameContent(deep('1'), deep('1 '))).toBe(false);
});

test('a hash is 128 bits of SHA-256, which a database can make too', () => {
  expect(textHash('{}')).toBe('44136fa355b3678a1146ad16f7e8649e');
});
