import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const LEAST_ROWS = 40;

/** A row of the fault matrix: fault, injection, what must happen, what was seen, test. */
interface Row {
  readonly cells: readonly string[];
  readonly file: string;
  /** What the test is called; `suite › title` where it stands in a `describe`. */
  readonly titles: readonly string[];
}

// What follows the matrix are figures of runs, in tables of their own.
const [matrix = ''] = readFileSync(join(ROOT, 'docs/FAULTS.md'), 'utf8').split('\n## Simulation\n');
const rows = matrix
  .split('\n')
  .filter((line) => /^\| (?!fault )/.test(line))
  .map((line): Row => {
    const cells = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const [, file = '', name = ''] = /^`(test\/[^`]+)`: (.+)$/.exec(cells.at(-1) ?? '') ?? [];
    return { cells, file, titles: name.split(' › ') };
  });

/** The first argument of whatever may be a test or a suite: `test('…',`, `test.each(…)('…',`. */
const TITLE = /(?:\b(?:test|describe)(?:\.\w+)*|\))\s*\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g;
/** What `test.each` fills in: `%s`, `$name`. */
const HOLE = /%[a-z]|\$\w+/;

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Whether a file has a test of that title. What fills the holes of a template must stand in the file too. */
function has(source: string, title: string): boolean {
  return [...source.matchAll(TITLE)].some(([, , template = '']) => {
    const pattern = template
      .replaceAll(/\\(['"`])/g, '$1')
      .split(HOLE)
      .map(escaped)
      .join('(.+)');
    const filled = new RegExp(`^${pattern}$`).exec(title);
    return filled?.slice(1).every((text) => source.includes(text)) ?? false;
  });
}

test(`the fault matrix has at least ${LEAST_ROWS} faults, none of them twice, each with what was done, what must happen and what was seen`, () => {
  expect(rows.length).toBeGreaterThanOrEqual(LEAST_ROWS);
  expect(rows.filter(({ cells }) => cells.length !== 5 || cells.includes(''))).toEqual([]);
  const faults = rows.map(({ cells }) => cells[0]);
  expect(faults.filter((fault, n) => faults.indexOf(fault) !== n)).toEqual([]);
});

test('every fault of the matrix has a test of that name', () => {
  const missing = rows.filter(({ file, titles }) => {
    const path = join(ROOT, file);
    if (file === '' || !existsSync(path)) return true;
    const source = readFileSync(path, 'utf8');
    return !titles.every((title) => has(source, title));
  });
  expect(missing.map(({ cells }) => `${cells[0]}: ${cells.at(-1)}`)).toEqual([]);
});

test.each([
  ['a fault that nobody wrote a test for', false],
  ['never seen', false],
  ['once seen', true],
])('whether there is a test called %j is told: %s', (title, there) => {
  expect(has(`const all = ['once']; test.each(all)('%s seen', () => {});`, title)).toBe(there);
});
