import { isDeepStrictEqual } from 'node:util';

/** @throws Error saying what differs. */
export function equal(what: string, got: unknown, expected: unknown): void {
  if (isDeepStrictEqual(got, expected)) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}; got ${JSON.stringify(got)}`);
}
