import { hash } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { uuidV8 } from './uuid-v8.ts';

/** The id of an event that has none, made of what it says: see `id: 'content'` of an event table. */
export const contentId = (value: unknown): string => uuidV8(hash('sha256', canonicalJson(value)));

/** 128 bits of a text's SHA-256, as 32 digits: tells texts apart without keeping them. */
export const textHash = (text: string): string => hash('sha256', text).slice(0, 32);

/** Whether two JSON texts say the same: however they are spaced, whatever the order of their keys. */
export function sameContent(a: string, b: string): boolean {
  if (a === b) return true;
  try {
    return canonicalJson(JSON.parse(a)) === canonicalJson(JSON.parse(b));
  } catch {
    return false; // too deep
  }
}
