import type { Mutation } from './mutation.ts';

const file = 'sinks/postgres/statement.ts';
const merges = 'sinks/postgres/merges.ts';

/** What the one statement does for exactness. */
export const statementMutations: readonly Mutation[] = [
  {
    name: 'no on conflict do nothing: a repeat is an error',
    file,
    find: 'on conflict do nothing returning event_time, event_id, counted',
    replace: 'returning event_time, event_id, counted',
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'repeats are folded again: no exclusion of stale events',
    file: merges,
    find: 'where c.position not in (select position from stale)',
    replace: 'where c.position is not null',
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'repeats are folded again: nothing is ever stale',
    file,
    find: 'where inserted.counted is not true and (',
    replace: 'where false and (',
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'raw events are inserted unsorted',
    file,
    find: "' join admitted using (event_id)' : ''} order by event_time, event_id",
    replace: "' join admitted using (event_id)' : ''}",
    suites: ['sinks/postgres/statement-order.test.ts'],
  },
  {
    name: 'windows are merged unsorted',
    file: merges,
    find: "  order by ${order.join(', ')}\n",
    replace: '',
    suites: ['sinks/postgres/statement-order.test.ts'],
  },
  {
    name: 'rejects are inserted unsorted',
    file,
    find: '  order by 2\n  on conflict do nothing returning 1',
    replace: '  on conflict do nothing returning 1',
    suites: ['sinks/postgres/statement-order.test.ts'],
  },
  {
    name: 'revised windows are remembered unsorted',
    file,
    find: '  order by 2, 3, 4\n',
    replace: '',
    suites: ['sinks/postgres/statement-order.test.ts'],
  },
  {
    name: 'no version fence in the statement',
    file,
    find: 'and p.version = ${version} and',
    replace: 'and ${version} is not null and',
    suites: ['sinks/postgres/fence.test.ts'],
  },
  {
    name: 'the fence is not locked: a version may move beneath a flush',
    file,
    find: '  for share of p, t\n',
    replace: '',
    suites: ['sinks/postgres/fence-lock.test.ts'],
  },
  {
    name: 'no horizon in the statement',
    file,
    find: 'and t.horizon = ${horizon}',
    replace: 'and ${horizon} is not null',
    suites: ['sinks/postgres/fence.test.ts', 'sinks/postgres/contract.test.ts'],
  },
];
