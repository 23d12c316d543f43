import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Entry } from '../../src/batch.ts';
import { json } from '../../src/codecs/json.ts';
import storefront from '../../src/pipelines/storefront.ts';
import type { Reject } from '../../src/reject.ts';
import { message } from '../support/message.ts';
import type { IngestAnswer } from '../../src/server/index.ts';
import { intake, view } from './intake.ts';

const REQUESTS = 1_500;

/** JSON that bites: names of prototypes, text that cannot be stored, numbers beyond numbers, depth. */
const nasty = fc.constantFrom(
  '{"__proto__":{"id":"x"}}',
  '{"constructor":{"prototype":{}}}',
  '{"\\u005f_proto__":1}',
  '"\\ud800"',
  '"\\u0000"',
  '1e999999',
  '-0',
  '9'.repeat(400),
  '['.repeat(5_000) + ']'.repeat(5_000),
  '{"a":'.repeat(2_000) + '1' + '}'.repeat(2_000),
  '[',
  '}',
  '"',
  '"\\',
  'null',
  '',
  '\u2028',
  '\u009b31m',
  '{"id":1,"id":"00000000-0000-4000-8000-000000000001"}',
);
const member = fc.tuple(
  fc.constantFrom('id', 'type', 'at', 'user', 'device', 'cents', '__proto__', 'constructor', 'id\\u0000', 'é'),
  fc.oneof(
    fc.json(),
    nasty,
    fc.string({ unit: 'binary', maxLength: 10 }).map((text) => JSON.stringify(text)),
  ),
);
/** An event that is good, or good but for members that come first or last and overrule its own. */
const event = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0).map(() => JSON.stringify(view())) },
  {
    weight: 5,
    arbitrary: fc.tuple(member, fc.boolean()).map(([[name, value], last]) => {
      const text = JSON.stringify(view());
      return last ? `${text.slice(0, -1)},"${name}":${value}}` : `{"${name}":${value},${text.slice(1)}`;
    }),
  },
  // twice the same id, with one content or two
  fc.boolean().map((same) => JSON.stringify(view({ id: view()['id'], product: same ? 'tea' : 'cup' }))),
  fc.json(),
  nasty,
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const separator = fc.constantFrom(',', ', ', '\n', '\r\n', ',,', '\n\n');
const text = fc.oneof(
  event,
  fc.tuple(fc.array(event, { maxLength: 5 }), separator).map(([events, between]) => `[${events.join(between)}]`),
  fc.tuple(fc.array(event, { maxLength: 5 }), separator).map(([events, between]) => events.join(between)),
);
const cut = fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.double({ min: 0, max: 1, noNaN: true }));
const request = fc.record({
  text,
  cut,
  packed: fc.constantFrom('identity', 'identity', 'gzip', 'zstd'),
  said: fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    fc.constantFrom('identity', 'gzip', 'zstd', 'br', 'GZIP', ''),
  ),
  type: fc.oneof(
    { weight: 19, arbitrary: fc.constantFrom('application/json', 'application/x-ndjson') },
    fc.constantFrom('text/plain', '', 'application/json;', 'application/json; charset=utf-16'),
  ),
  key: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { freq: 1, nil: undefined }),
});

const packs = {
  identity: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gzipSync(bytes),
  zstd: (bytes: Buffer) => zstdCompressSync(bytes),
} as const;

test(`of ${REQUESTS} requests of every kind, none is a failure of the server, and what is accepted is what the pipeline accepts`, {
  timeout: 240_000,
}, async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
  console.log(`fuzz of the way in: FUZZ_SEED=${seed}`);
  const { app, ingest, bodies, lines } = await intake({ lingerMs: 0 });
  const statuses = new Map<number, number>();
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(request, async ({ text, cut, packed, said = packed, type, key }) => {
      const whole = packs[packed](Buffer.from(text));
      const response = await app.request('/v1/events/storefront', {
        method: 'POST',
        body: whole.subarray(0, Math.ceil(whole.length * cut)),
        headers: {
          'content-type': type,
          'content-encoding': said,
          ...(key?.trim() ? { 'idempotency-key': key.trim() } : {}),
        },
      });
      const { status } = response;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect([202, 207, 400, 413, 415, 422]).toContain(status);
      const answer = await response.text();
      expect(answer).not.toMatch(/[\p{Cc}\u2028]/u);
      expect(lines).toEqual([]);
      if (![202, 207, 422].includes(status)) return;
      const judged = JSON.parse(answer) as IngestAnswer;
      accepted += judged.accepted;
      if (judged.given.length > 0 || cut < 1) return;
      const reasons = type === 'application/x-ndjson' ? reasonsOfLines(text) : reasonsOf(text);
      expect(judged.problems.map(({ index, reason }) => [index, reason])).toEqual(
        reasons.flatMap((reason, index) => (reason === undefined ? [] : [[index, reason]])),
      );
      expect(judged.accepted + judged.rejected).toBe(reasons.length);
    }),
    { seed, numRuns: REQUESTS },
  );
  console.log(`answers by status: ${JSON.stringify(Object.fromEntries(statuses))}`);
  expect(statuses.get(202) ?? 0).toBeGreaterThan(REQUESTS / 20);
  expect(statuses.get(207) ?? 0).toBeGreaterThan(0);
  await ingest.room.empty();
  const arrived = (await bodies()).map(decoded);
  expect(arrived.flatMap(({ rejects }) => rejects)).toEqual([]);
  expect(arrived.flatMap(({ entries }) => entries)).toHaveLength(accepted);
});

/** Why the pipeline rejects each event of a message; `undefined` where it does not. */
function reasonsOf(body: string): (string | undefined)[] {
  const { entries, rejects } = decoded(body);
  const reasons = new Map(rejects.map(({ ordinal, reason }) => [ordinal, reason]));
  return Array.from({ length: entries.length + rejects.length }, (_, index) => reasons.get(index));
}

const reasonsOfLines = (text: string): (string | undefined)[] =>
  text
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : isJson(line.trim()) ? reasonsOf(`[${line}]`) : ['not-json']));

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What the pipeline makes of a message. */
function decoded(body: string): { readonly entries: Entry<unknown>[]; readonly rejects: Reject[] } {
  const entries: Entry<unknown>[] = [];
  const rejects: Reject[] = [];
  const decoder = json<unknown>(storefront.events, { envelope: 'none' });
  decoder.decode(
    { ...message(body, { attributes: { 'content-encoding': 'identity' } }), sentAt: Date.now() },
    entries,
    rejects,
  );
  return { entries, rejects };
}
