import { expect, test } from 'vitest';
import { recordsOf } from '../../src/codecs/records.ts';
import { Refusal } from '../../src/codecs/refusal.ts';

test.each([
  ['one event', '{"a":1}', ['{"a":1}']],
  ['one event, spaced', '\n  {"a":1}\t\n', ['{"a":1}']],
  ['one event behind a byte order mark', '\uFEFF{"a":1}', ['{"a":1}']],
  ['one event over several lines', '{\n  "a": 1\n}', ['{\n  "a": 1\n}']],
  ['an array', '[{"a":1},{"a":2}]', ['{"a":1}', '{"a":2}']],
  ['an array over several lines', '[\n {"a":1},\n {"a":2}\n]\n', ['{"a":1}', '{"a":2}']],
  ['lines', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
  ['lines of Windows with gaps', '{"a":1}\r\n\r\n{"a":2}\r\n', ['{"a":1}\r', '{"a":2}']],
  ['lines, one of them bad', '{"a":1}\nnope\n{"a":2}', ['{"a":1}', 'nope', '{"a":2}']],
  ['lines, the first of them an array', '[1,2]\n{"a":1}\n{"a":2}', ['[1,2]', '{"a":1}', '{"a":2}']],
  ['lines, the first of them a cut-off array', '[1\n{"a":1}', ['[1', '{"a":1}']],
  ['a trailing comma', '[{"a":1},]', ['{"a":1}', '']],
])('%s', (_, text, records) => expect(recordsOf(text)).toEqual(records));

test.each([
  ['nothing', '', 'empty'],
  ['blanks', ' \r\n\t', 'empty'],
  ['an empty array', '[ ]', 'empty'],
  ['a cut-off array', '[{"a":1},{"a"', 'not-json'],
  ['a cut-off array over several lines', '[\n {"a":1},\n {"a"', 'not-json'],
  ['an array closed by another bracket', '[{"a":1}}', 'not-json'],
])('%s is refused as a whole', (_, text, reason) => {
  expect(recordsOf(text)).toBeInstanceOf(Refusal);
  expect(recordsOf(text)).toMatchObject({ reason });
});
