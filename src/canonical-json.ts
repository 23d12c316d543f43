/**
 * A parsed JSON value as the one text that all its spellings share: keys sorted, no whitespace, of keys that are twice in an object the last. Numbers are
 * as JavaScript prints them: `1.0`, `1` and `1e0` are one, and so are whole numbers beyond 2^53 that share a double.
 *
 * @throws RangeError for a value nested thousands deep.
 * @example
 * canonicalJson(JSON.parse('{ "b": 1.0, "a": [] }')); // '{"a":[],"b":1}'
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number') return String(value); // JSON.stringify knows no Infinity, which is what 1e999 is
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let text = '';
  for (const key of Object.keys(value).sort())
    text += `${text && ','}${JSON.stringify(key)}:${canonicalJson((value as Record<string, unknown>)[key])}`;
  return `{${text}}`;
}
