import type { Mutation } from './mutation.ts';

const closing = { file: 'sinks/postgres/close-hops.ts', suites: ['windows/hopping-races.test.ts'] };

/** What the exactness of hopping windows rests on. */
export const hoppingMutations: readonly Mutation[] = [
  {
    ...closing,
    name: 'a window becomes final though a flush changed one of its panes meanwhile',
    find: 'having count(*) = count("$locked"."$place") and count(*) > 0',
    replace: 'having count(*) > 0',
  },
  {
    ...closing,
    name: 'a window is announced with a pane that will revise it once more',
    find: ' and final_until >= ${start} + ${interval(table.window.longest)}${same}',
    replace: '${same}',
  },
  {
    ...closing,
    name: 'a pane that comes to be too late is in its windows without a word',
    find: 'from "$whole" cross join "$hop" where "$again" order by 4',
    replace: 'from "$whole" cross join "$hop" where false order by 4',
  },
  {
    ...closing,
    name: 'a window with a pane that comes too late becomes final once more',
    find: 'coalesce(final_until >= ${end}, false) as "$there"',
    replace: 'false as "$there"',
  },
  {
    name: 'windows that a pane came too late for are labelled as if it had not',
    file: 'sinks/postgres/close-hops.ts',
    find: 'greatest(min(pane_start) filter (where "$there"), min(pane_start) filter (where not "$there")) as "$mark"',
    replace: 'null::timestamptz as "$mark"',
    suites: ['windows/hopping-stored.test.ts'],
  },
  {
    name: 'a merge into a pane whose windows are final leaves their labels',
    file: 'sinks/postgres/pane-merge.ts',
    find: "    'revised_until = greatest(w.revised_until, w.final_until)',\n",
    replace: '',
    suites: ['windows/hopping-races.test.ts'],
  },
  {
    name: 'a merge into a pane revises the first of its final windows only',
    file: 'sinks/postgres/pane-merge.ts',
    find: 'final_until - ${interval(window.longest)}, ',
    replace: 'pane_start - ${interval(window.longest - window.stored)}, ',
    suites: ['windows/hopping-races.test.ts'],
  },
  {
    name: 'what two panes of a window have in common counts twice',
    file: 'sinks/postgres/panes.ts',
    find: ' group by ${items.join(',
    replace: ' group by pane_start, ${items.join(',
    suites: ['windows/hopping-on-postgres.test.ts'],
  },
];
