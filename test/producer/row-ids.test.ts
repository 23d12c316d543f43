import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ordinals } from '../../src/producer/ordinals.ts';
import { rowIds } from '../../src/producer/row-ids.ts';

const idsOf = (rows: readonly string[]) => rows.map(rowIds());

test('the same rows have the same ids on every run, and no two rows share one, equal or not', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'a#1', '')), (rows) => {
      expect(idsOf(rows)).toEqual(idsOf(rows));
      expect(new Set(idsOf(rows)).size).toBe(rows.length);
    }),
  );
});

test('the ids of equal rows depend on how many there are, not on where they stand', () => {
  fc.assert(
    fc.property(
      fc
        .array(fc.constantFrom('a', 'b', 'c'))
        .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length }))),
      ([rows, shuffled]) => {
        expect(idsOf(shuffled).sort()).toEqual(idsOf(rows).sort());
      },
    ),
  );
});

test('an id is a UUID of version 8, for ever the same for the same content', () => {
  const [first, second] = idsOf(['a row', 'a row']);
  expect(first).toBe('adc376f3-b632-8e3c-a02e-1b6597d37c81');
  expect(second).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('ordinals count each digest by itself, also beyond the table they start with', () => {
  const ordinalOf = ordinals(4);
  const digest = (n: number) => createHash('sha256').update(String(n)).digest();
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 1_000; n++) expect(ordinalOf(digest(n))).toBe(round);
  }
});
