import { expect, test } from 'vitest';
import { ConfigError, messageOf, PipelineError, SourceError, StoreError, undeclared } from '../src/errors.ts';

test('each kind of error says its name and code, and keeps its cause', () => {
  const cause = new Error('below');
  const parts = { where: 'queue', expected: 'a URL', got: '"x"', fix: 'https://…' };
  expect(new ConfigError(parts, { cause })).toMatchObject({
    name: 'ConfigError',
    code: 'CONFIG',
    message: 'queue: expected a URL; got "x". Fix: https://…',
    cause,
  });
  expect(new PipelineError('shop', 'filter', 'lost a batch', { cause })).toMatchObject({
    name: 'PipelineError',
    code: 'PIPELINE',
    pipeline: 'shop',
    stage: 'filter',
    message: "pipeline 'shop', stage 'filter': lost a batch",
    cause,
  });
  expect(new StoreError('retry', '57P01', 'gone', { cause })).toMatchObject({
    name: 'StoreError',
    code: 'STORE',
    failure: 'retry',
    reason: '57P01',
    cause,
  });
  expect(new SourceError('NotFound', 'no queue', { cause })).toMatchObject({
    name: 'SourceError',
    code: 'SOURCE',
    reason: 'NotFound',
    cause,
  });
});

test('an undeclared table stops the worker and says which table and what to do', () => {
  expect(undeclared('trade')).toMatchObject({ failure: 'fatal', message: expect.stringContaining("'trade'") });
  expect(undeclared('trade').message).toContain('Fix: add it');
});

test('anything thrown has a message', () => {
  expect([new Error('a'), 'b', undefined, 7].map(messageOf)).toEqual(['a', 'b', 'undefined', '7']);
});

test('whatever is thrown has a message', () => {
  const thrown = [new Error('e'), 'text', 7, undefined, null, { a: 1 }, Object.create(null)];
  expect(thrown.map(messageOf)).toEqual(['e', 'text', '7', 'undefined', 'null', '[object Object]', '[object Object]']);
});
