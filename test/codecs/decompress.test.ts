import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { decompress } from '../../src/codecs/decompress.ts';

const LIMIT = 1_000_000;
const TEXT = '[{"name":"größe 😀"}]';

describe.each([
  ['gzip', (bytes: string | Buffer) => gzipSync(bytes).toString('base64')],
  ['zstd', (bytes: string | Buffer) => zstdCompressSync(bytes).toString('base64')],
])('%s', (kind, pack) => {
  test('is told by its attribute', () => {
    expect(decompress(pack(TEXT), kind, LIMIT)).toBe(TEXT);
    expect(decompress(pack(TEXT), kind.toUpperCase(), LIMIT)).toBe(TEXT);
  });

  test('is told by its first bytes where there is no attribute', () => {
    expect(decompress(pack(TEXT), undefined, LIMIT)).toBe(TEXT);
  });

  test('is refused where its bytes are damaged, cut off or something else', () => {
    const whole = pack(TEXT.repeat(100));
    const damaged = Buffer.from(whole, 'base64');
    damaged.fill(0xff, 10, 20);
    for (const body of [damaged.toString('base64'), whole.slice(0, 40), '', 'no base64!', 'AAAA'])
      expect(decompress(body, kind, LIMIT), body).toMatchObject({ reason: 'not-decompressible' });
  });

  test('several whole members or frames in one are read to the end', () => {
    const both = Buffer.concat([pack('{"n":1}\n'), pack('{"n":2}\n')].map((text) => Buffer.from(text, 'base64')));
    expect(decompress(both.toString('base64'), kind, LIMIT)).toBe('{"n":1}\n{"n":2}\n');
  });

  test('is refused where something unreadable follows: what is behind it would be lost', () => {
    const [first, second] = [pack('{"n":1}\n'), pack('{"n":2}\n')];
    const spoilt = Buffer.from(second, 'base64');
    spoilt[0] = 1;
    const bodies = [
      Buffer.concat([Buffer.from(first, 'base64'), spoilt]).toString('base64'),
      // two texts of base64, of which Node reads the first
      `${first.replace(/=*$/, '==')}${second}`,
      `${first}!${second}`,
    ];
    for (const body of bodies)
      expect(decompress(body, kind, LIMIT), body).toMatchObject({ reason: 'not-decompressible' });
  });

  test('is refused where more follows behind zeros: what pads a member is nothing but zeros', () => {
    const [first, second] = [pack('{"n":1}\n'), pack('{"n":2}\n')].map((text) => Buffer.from(text, 'base64'));
    const body = Buffer.concat([first, Buffer.alloc(3), second] as Buffer[]).toString('base64');
    expect(decompress(body, kind, LIMIT)).toMatchObject({ reason: 'not-decompressible' });
  });

  test('is refused where what it holds is not UTF-8', () => {
    expect(decompress(pack(Buffer.from([0x22, 0xc3, 0x28, 0x22])), kind, LIMIT)).toMatchObject({ reason: 'not-utf8' });
  });

  test('is refused where it holds more than the limit, and accepted at the limit', () => {
    const bomb = pack(Buffer.alloc(64 * 2 ** 20));
    expect(bomb.length).toBeLessThan(100_000);
    expect(decompress(bomb, kind, LIMIT)).toMatchObject({ reason: 'too-large' });
    expect(decompress(pack('x'.repeat(LIMIT)), kind, LIMIT)).toHaveLength(LIMIT);
    expect(decompress(pack('x'.repeat(LIMIT + 1)), kind, LIMIT)).toMatchObject({ reason: 'too-large' });
  });
});

test.each([undefined, 'none', 'identity', ''])('a body with encoding %j is what it is', (encoding) => {
  expect(decompress(TEXT, encoding, LIMIT)).toBe(TEXT);
});

test.each(['br', 'snappy', 'gzip, zstd', 'base64'])('the encoding %s is refused by name', (encoding) => {
  expect(decompress(TEXT, encoding, LIMIT)).toMatchObject({
    reason: 'unknown-compression',
    detail: expect.stringContaining(`'${encoding}'`),
  });
});

test('an attribute that says none is believed', () => {
  const packed = gzipSync(TEXT).toString('base64');
  expect(decompress(packed, 'none', LIMIT)).toBe(packed);
});
