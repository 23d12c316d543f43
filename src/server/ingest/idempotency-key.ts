import { named, Problem } from '../problem.ts';

/**
 * Reads `Idempotency-Key`, which names a request so that it may come again.
 *
 * @throws Problem (400) for one that is none.
 */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new Problem({
    status: 400,
    code: 'idempotency-key',
    title: 'header idempotency-key',
    expected: '1 to 255 letters of ASCII, another one for each request',
    got: named(header),
    fix: 'a UUID',
  });
}
