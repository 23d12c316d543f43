import { existsSync, writeSync } from 'node:fs';
import { tap } from 'rxjs';
import { pipeline } from '../../src/index.ts';
import storefront from '../../src/pipelines/storefront.ts';

const STDERR = 2;
const PAUSE_MS = 20;
const { MARKED_EVENT: marked, SEIZED_UNTIL: file } = process.env;

/** Holds up the whole thread, as a regular expression or a huge JSON may, until the file is there. */
function block(until: string): void {
  writeSync(STDERR, 'the loop is blocked\n');
  const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  while (!existsSync(until)) Atomics.wait(nobody, 0, 0, PAUSE_MS);
}

/** Takes memory until there is none. */
function hoard(): never {
  writeSync(STDERR, 'the memory fills\n');
  const kept: number[][] = [];
  for (;;) kept.push(Array.from({ length: 100_000 }, (_, n) => n + kept.length));
}

/**
 * The storefront, with an author's mistake: at a message that holds the event MARKED_EVENT it blocks until the file SEIZED_UNTIL is there, or
 * without such a setting takes memory until it dies.
 */
export default pipeline('storefront', [storefront.events, ...storefront.windows], ({ messages, store }) =>
  storefront.graph({
    store,
    messages: messages.pipe(
      tap((delivery) => {
        if (marked === undefined || !delivery.some(({ body }) => body.includes(marked))) return;
        if (file === undefined) hoard();
        else block(file);
      }),
    ),
  }),
);
