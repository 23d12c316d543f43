const BEYOND_ASCII = /[\u0080-\uffff]/;
const EACH_BEYOND_ASCII = /[\u0080-\uffff]/g;

/**
 * The same JSON in ASCII: every UTF-16 unit beyond it as `\uXXXX`. JSON allows such characters inside strings only, where the escape means
 * the same. So a body's length is its size in bytes, and it passes queues that refuse characters such as emoji.
 *
 * @example
 * asciiJson('{"name":"Zoë"}'); // '{"name":"Zo\\u00eb"}'
 */
export const asciiJson = (json: string): string =>
  BEYOND_ASCII.test(json)
    ? json.replace(EACH_BEYOND_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
