import { ConfigError, SourceError } from '../errors.ts';
import type { CsvRecord } from './csv-records.ts';
import { csvRecords } from './csv-records.ts';
import { rowIds } from './row-ids.ts';

/**
 * The events of a CSV file with a header row, as JSON texts. Every field stays text, so that numbers beyond 2^53 survive digit for digit; an
 * empty field is left out. A row without a field `event_id` or `id` gets an `event_id` (see {@link rowIds}).
 *
 * A row that is broken or has another number of columns than the header is sent too, all its fields under the one key `malformed_row`: so no
 * schema with a required column takes it for a good one, also where only optional columns are missing, and the consumer's reject shows why.
 *
 * @throws ConfigError when there is no usable header; SourceError when the file is not UTF-8 or a record does not end.
 */
export async function* csvEvents(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<readonly string[]> {
  let eventOf: ((record: CsvRecord) => string) | undefined;
  for await (const records of decoded(chunks, file)) {
    let first = 0;
    if (!eventOf && records[0]) {
      eventOf = events(headerOf(records[0], file));
      first = 1;
    }
    if (eventOf) yield records.slice(first).map(eventOf);
  }
  if (!eventOf) throw noHeader(file, 'an empty file');
}

async function* decoded(chunks: AsyncIterable<Buffer>, file: string): AsyncGenerator<readonly CsvRecord[]> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const split = csvRecords();
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      yield split(decoder.decode(chunk, { stream: true }), false);
      bytes += chunk.length;
    }
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    const what = error instanceof RangeError ? error.message : `not UTF-8 after byte ${bytes}`;
    throw new SourceError('unreadable', `${file}: ${what}`, { cause: error });
  }
  let cut = false;
  try {
    decoder.decode();
  } catch {
    cut = true;
  }
  const records = split(cut ? '\ufffd' : '', true);
  yield cut
    ? records.map((record, index) => ({ ...record, broken: record.broken || index === records.length - 1 }))
    : records;
}

/** The columns' names. One without a name (an exported row number) is named by its place; values instead of names are no header. */
function headerOf({ fields, broken }: CsvRecord, file: string): readonly string[] {
  if (broken) throw noHeader(file, 'a broken line');
  const named = fields.filter((name) => !/^\s*([-+.\d]+\s*)?$/.test(name));
  if (named.length * 2 <= fields.length) throw noHeader(file, JSON.stringify(fields.join(',').slice(0, 80)));
  const names = fields.map((name, index) => (name.trim() === '' ? `column_${index + 1}` : name));
  const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
  if (twice >= 0) throw noHeader(file, `${JSON.stringify(names[twice])} again as column ${twice + 1}`);
  return names;
}

const noHeader = (file: string, got: string): ConfigError =>
  new ConfigError({
    where: file,
    expected: 'a first line that names each column, each name once',
    got,
    fix: 'put the names of the columns in the first line, separated by commas',
  });

function events(header: readonly string[]): (record: CsvRecord) => string {
  const idOf = rowIds();
  const keys = header.map((name) => `${JSON.stringify(name)}:`);
  const idColumns = header.flatMap((name, column) => (name === 'event_id' || name === 'id' ? [column] : []));
  return ({ fields, broken }) => {
    let members = '';
    for (const [column, field] of fields.entries()) {
      if (field !== '' && column < keys.length) members += `${members && ','}${keys[column]}${JSON.stringify(field)}`;
    }
    if (broken || fields.length !== header.length) {
      const beyond = fields.length > header.length ? `,"beyond":${JSON.stringify(fields.slice(header.length))}` : '';
      members = `"malformed_row":{${members}},"columns":${fields.length},"expected_columns":${header.length}${beyond}`;
    } else if (idColumns.some((column) => fields[column] !== '')) {
      return `{${members}}`;
    }
    return `{"event_id":"${idOf(members)}"${members && ','}${members}}`;
  };
}
