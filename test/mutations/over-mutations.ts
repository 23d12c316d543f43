import type { Mutation } from './mutation.ts';

const taking = { file: 'sinks/postgres/over-function.ts', suites: ['over/over.test.ts'] };

/** What the exactness of windows over windows rests on, and that of what look-ups answer. */
export const overMutations: readonly Mutation[] = [
  {
    ...taking,
    name: 'a window that was revised counts beside what it was',
    find: "`not ${listed(remade, 't')}`",
    replace: "`true or not ${listed(remade, 't')}`",
  },
  {
    ...taking,
    name: 'a row over windows of which none is left stays',
    find: "where ${listed(remade, 'w')} and not exists",
    replace: "where false and ${listed(remade, 'w')} and not exists",
  },
  {
    ...taking,
    name: 'a row over windows that was final changes without a word',
    find: 'where c.final_revision is not null order by 3, 4',
    replace: 'where false order by 3, 4',
  },
  {
    name: 'windows over windows do not wait for those that are open',
    file: 'sinks/postgres/closing-over.ts',
    find: 'and (select min(b.window_start) from',
    replace: 'and (select min(b.window_start) filter (where false) from',
    suites: ['over/over.test.ts'],
  },
  {
    name: 'windows over windows do not wait for those that are not taken',
    file: 'sinks/postgres/closing-over.ts',
    find: 'and not exists (select from "$pending" p where',
    replace: 'and not exists (select from "$pending" p where false and',
    suites: ['over/over.test.ts'],
  },
  {
    name: 'an event that was enriched is compared with what it is now',
    file: 'operators/enrich.ts',
    find: 'json: undefined, enriched: true',
    replace: 'json: undefined',
    suites: ['operators/enrich-stored.test.ts'],
  },
];
