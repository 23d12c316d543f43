import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecords } from '../../src/producer/csv-records.ts';

const field = fc.string({ unit: fc.constantFrom('a', 'ß', ',', '"', '\n', '\r', ' ', '🛒') });
const rows = fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 8 });

const write = (fields: readonly string[]) =>
  fields.map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(',');

function read(chunks: readonly string[]) {
  const split = csvRecords();
  return [...chunks.flatMap((chunk) => split(chunk, false)), ...split('', true)];
}

const fieldsOf = (text: string) => read([text]).map(({ fields }) => fields);

test('what RFC 4180 writes is read back, with LF or CRLF, wherever the chunks are cut', () => {
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.integer({ min: 1, max: 9 }),
      (all, newline, atEnd, size) => {
        const text = all.map(write).join(newline) + (atEnd ? newline : '');
        const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, n) =>
          text.slice(n * size, (n + 1) * size),
        );
        expect(read(chunks)).toMatchObject(all.map((fields) => ({ fields, broken: false })));
      },
    ),
  );
});

test('blank lines are left out', () => {
  expect(fieldsOf('a,b\n\n\r\n1,2\n\n')).toEqual([
    ['a', 'b'],
    ['1', '2'],
  ]);
});

test('a quote inside an unquoted field is one of its characters', () => {
  expect(fieldsOf('1,5" pipe\n2,x\n')).toEqual([
    ['1', '5" pipe'],
    ['2', 'x'],
  ]);
});

test('a record with text after its closing quote, or cut off inside quotes, is broken; the others are not', () => {
  expect(read(['1,"a"b\n2,x\n3,"cut\n4'])).toMatchObject([
    { fields: ['1', 'ab'], broken: true },
    { fields: ['2', 'x'], broken: false },
    { fields: ['3', 'cut\n4'], broken: true },
  ]);
});

test('nothing of a text is lost, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r') }), (text) => {
      const letters = (some: string) => some.replaceAll(/[^a]/g, '').length;
      expect(
        letters(
          read([text])
            .flatMap(({ fields }) => fields)
            .join(''),
        ),
      ).toBe(letters(text));
    }),
  );
});

test('a quote that never closes does not fill the memory', () => {
  const split = csvRecords();
  const megabytes = 'x'.repeat(1_048_576);
  split('"', false);
  expect(() => {
    for (let n = 0; n < 20; n++) split(megabytes, false);
  }).toThrow(/a quote that does not close/);
});
