import { hash } from 'node:crypto';
import { uuidV8 } from '../uuid-v8.ts';
import { ordinals } from './ordinals.ts';

/**
 * Ids for the rows of a file that carry none: the same on every run, from the row's content and its ordinal among equal rows. Sending a file
 * twice is thus a redelivery, while rows that repeat within it still count each.
 *
 * An id is a UUID of version 8 (RFC 9562, section 5.8) made of 122 bits of SHA-256: of the content for its first occurrence, of that digest and
 * the ordinal for each further one. Memory: see {@link ordinals}.
 *
 * @example
 * const idOf = rowIds();
 * idOf('a') === idOf('a'); // false: the second is the repetition of the first
 */
export function rowIds(): (content: string) => string {
  const ordinalOf = ordinals();
  return (content) => {
    const digest = hash('sha256', content, 'buffer');
    const ordinal = ordinalOf(digest);
    const hex = digest.toString('hex');
    return uuidV8(ordinal === 0 ? hex : hash('sha256', `${hex}#${ordinal}`));
  };
}
