import type { Mutation } from './mutation.ts';

const suites = ['fuzz/fuzz.test.ts'];

/** What the codecs do so that bad input costs nothing but itself: seen by the fuzzer. */
export const codecMutations: readonly Mutation[] = [
  {
    name: 'what follows the last frame that can be read is ignored',
    file: 'codecs/decompress.ts',
    find: 'if (left.length > 0 && !isPadding) throw',
    replace: 'if (left.length < 0 && !isPadding) throw',
    suites,
  },
  {
    name: 'base64 is read as far as it goes',
    file: 'codecs/decompress.ts',
    find: 'if (!BASE64.test(body.trimEnd()))',
    replace: 'if (!BASE64.test(body.trimEnd()) && body === kind)',
    suites,
  },
  {
    name: 'a first line that begins like an array spoils the other lines',
    file: 'codecs/records.ts',
    find: 'if (hasLines(body)) return',
    replace: 'if (hasLines(body) && limit < 0) return',
    suites,
  },
  {
    name: 'one bad element of an array spoils the others',
    file: 'codecs/parse-json.ts',
    find: 'if (values?.length !== records.length) return records.map((record) => parseRecord(record, inspect));',
    replace:
      "if (values?.length !== records.length)\n    return records.map(() => new Refusal('not-json', `one of ${records.length}, ${parseRecord.name}`));",
    suites,
  },
  {
    name: 'an event whose schema throws ends the worker',
    file: 'codecs/json.ts',
    find: "return new Refusal('schema', `the schema threw: ${messageOf(error)}`);",
    replace: 'throw error;',
    suites,
  },
  {
    name: 'an empty element of an array is dropped',
    file: 'codecs/split-json.ts',
    find: 'if (elements.push(body.slice(start, i).trim()) > limit) return elements;',
    replace: 'if (body.slice(start, i).trim() && elements.push(body.slice(start, i).trim()) > limit) return elements;',
    suites,
  },
];
