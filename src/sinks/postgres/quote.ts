/** An SQL identifier. Declared names are checked, so this only keeps reserved words apart. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** An SQL string. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Stands between JSON texts (RFC 7464): a character that JSON allows nowhere. */
export const RECORD_SEPARATOR = '\x1e';

/** A list of numbers as the literal of a Postgres array; the values must need no quotes. */
export const plainArray = (values: readonly (number | string | null)[]): string =>
  `{${values.map((value) => value ?? 'NULL').join(',')}}`;

const UNSAFE = /["\\]/;

/** A list of texts as the literal of a Postgres array. */
export function textArray(values: readonly (string | null)[]): string {
  const quoted = values.map((value) => {
    if (value === null) return 'NULL';
    return UNSAFE.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : `"${value}"`;
  });
  return `{${quoted.join(',')}}`;
}
