import { expect, test } from 'vitest';
import { mutations } from './mutations.ts';
import { misplaced } from './workspace.ts';

test('each mutation still finds what it takes away: `npm run mutate` cannot rot unseen', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(40);
  expect(misplaced(mutations)).toEqual([]);
});
