import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { asciiJson } from '../../src/producer/ascii-json.ts';
import { attributeBytes, encodePack } from '../../src/producer/encode.ts';
import type { Outgoing } from '../../src/producer/encode.ts';
import { bodyOf, pack } from '../../src/producer/pack.ts';
import { eventsIn } from './received.ts';

const json = fc.jsonValue().map((value) => asciiJson(JSON.stringify(value)));
const bounds = { events: fc.integer({ min: 1, max: 20 }), bytes: fc.integer({ min: 2, max: 300 }) };

function packAll(texts: readonly string[], options: { events?: number; bytes: number }): (readonly string[])[] {
  const packs: (readonly string[])[] = [];
  const packer = pack(options, (events) => packs.push(events));
  for (const text of texts) packer.add(text);
  packer.flush();
  return packs;
}

test('packing loses no event, repeats none, and keeps their order', () => {
  fc.assert(
    fc.property(fc.array(json), bounds.events, bounds.bytes, (texts, events, bytes) => {
      expect(packAll(texts, { events, bytes }).flat()).toEqual(texts);
    }),
  );
});

test('no pack exceeds its events or its bytes, but for an event that is larger by itself', () => {
  fc.assert(
    fc.property(fc.array(json), bounds.events, bounds.bytes, (texts, events, bytes) => {
      for (const packed of packAll(texts, { events, bytes })) {
        expect(packed.length).toBeLessThanOrEqual(events);
        if (packed.length > 1) expect(bodyOf(packed).length).toBeLessThanOrEqual(bytes);
      }
    }),
  );
});

test('a pack is as full as its bytes allow', () => {
  const texts = Array.from({ length: 10 }, (_, n) => `{"n":${n}}`);
  // Three events of 7 characters, two commas, two brackets: 25.
  expect(packAll(texts, { bytes: 25 }).map((packed) => packed.length)).toEqual([3, 3, 3, 1]);
  expect(packAll(texts, { bytes: 24 }).map((packed) => packed.length)).toEqual([2, 2, 2, 2, 2]);
});

test('a pack of one object is that object, of anything else an array', () => {
  expect(bodyOf(['{"a":1}'])).toBe('{"a":1}');
  expect(bodyOf(['[1]'])).toBe('[[1]]');
  expect(bodyOf(['"text"'])).toBe('["text"]');
  expect(bodyOf(['{"a":1}', '2'])).toBe('[{"a":1},2]');
});

test('JSON in ASCII means the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = JSON.stringify(value);
      const ascii = asciiJson(text);
      expect(ascii).toMatch(/^[\x20-\x7f]*$/);
      expect(JSON.parse(ascii)).toEqual(JSON.parse(text));
    }),
  );
});

test.each(['none', 'gzip', 'zstd'] as const)(
  'no message exceeds the limit, and what arrives is what was packed (%s)',
  async (compression) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(json, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 0, max: 100 }),
        async (texts, spare) => {
          // Every event fits by itself, uncompressed; a pack may not fit, compressed or not.
          const largest = Math.max(...texts.map((text) => bodyOf([text]).length));
          const limit = largest + attributeBytes(compression) + spare;
          const messages: Outgoing[] = [];
          for (const packed of packAll(texts, { bytes: limit - attributeBytes(compression) })) {
            messages.push(...(await encodePack(packed, compression, limit)));
          }
          for (const message of messages) expect(message.bytes).toBeLessThanOrEqual(limit);
          expect(
            messages.flatMap((message) =>
              eventsIn(message.body, message.attributes?.['content-encoding']?.StringValue),
            ),
          ).toEqual(texts.map((text) => JSON.parse(text) as unknown));
          expect(messages.reduce((sum, message) => sum + message.events, 0)).toBe(texts.length);
        },
      ),
      { numRuns: 40 },
    );
  },
);

test('an event that fits no message is an error that tells its size', async () => {
  const event = `{"text":"${'x'.repeat(2_000)}"}`;
  await expect(encodePack([event], 'none', 1_024)).rejects.toThrow(/event of 2011 bytes.*takes 1024 bytes/);
  const random = `{"text":"${Array.from({ length: 2_000 }, (_, n) => Math.imul(n, 0x9e3779b1) & 0xffff).join('')}"}`;
  await expect(encodePack([random], 'gzip', 1_024)).rejects.toMatchObject({ code: 'SOURCE', reason: 'too-large' });
});
