import type { Mutation } from './mutation.ts';

const FUNCTION = 'sinks/postgres/session-function.ts';
const STATEMENT = 'sinks/postgres/session-statement.ts';

/** What the exactness of sessions rests on. */
export const sessionMutations: readonly Mutation[] = [
  {
    name: 'sessions: keys are not locked',
    file: FUNCTION,
    find: 'perform pg_advisory_xact_lock(hashtext(',
    replace: 'perform (hashtext(',
    suites: ['sessions/races.test.ts'],
  },
  {
    name: 'sessions: keys are locked in no order',
    file: FUNCTION,
    find: 'order by 1) stripes',
    replace: 'order by 1) stripes order by random()',
    suites: ['sessions/races.test.ts'],
  },
  {
    name: 'sessions: rows are not locked before they are read',
    file: FUNCTION,
    find: 'order by w.window_start for update',
    replace: 'order by w.window_start',
    suites: ['sessions/races.test.ts'],
  },
  {
    name: 'sessions: one that begins before a stretch is not looked for',
    file: FUNCTION,
    find: 'b.window_start <= s.first order',
    replace: 'b.window_start <= s.first and false order',
    suites: ['sessions/races.test.ts'],
  },
  {
    name: 'sessions: a whole gap apart is together',
    file: STATEMENT,
    find: 'first >= coalesce(max(ends)',
    replace: 'first > coalesce(max(ends)',
    suites: ['sessions/on-postgres.test.ts'],
  },
  {
    name: 'sessions: those that are taken in stay',
    file: STATEMENT,
    find: '(array(select place from "$islands" where first > start and place is not null))',
    replace: '(array(select place from "$islands" where false))',
    suites: ['sessions/on-postgres.test.ts'],
  },
  {
    name: 'sessions: items of those that are taken in stay where they are',
    file: STATEMENT,
    find: "where w.window_start = o.first${ofWindow.join('')} offset 0",
    replace: "where false and w.window_start = o.first${ofWindow.join('')} offset 0",
    suites: ['sessions/on-postgres.test.ts'],
  },
  {
    name: 'sessions: an event that was there already counts again',
    file: 'sinks/postgres/session-arrays.ts',
    find: `'c.position not in (select unnest("$stale"))'`,
    replace: `'true'`,
    suites: ['sessions/on-postgres.test.ts'],
  },
  {
    name: 'sessions: nobody hears that a final one is gone',
    file: STATEMENT,
    find: "itemJoins(table, 'w')].join(' ')} where final_revision is not null",
    replace: "itemJoins(table, 'w')].join(' ')} where false",
    suites: ['sessions/as-in-memory.test.ts'],
  },
  {
    name: 'sessions: what a final one that is gone held of items is forgotten',
    file: 'sinks/postgres/removed.ts',
    find: 'case when "$removed" then',
    replace: 'case when false then',
    suites: ['sessions/as-in-memory.test.ts'],
  },
  {
    name: 'sessions: the function may read the whole table',
    file: FUNCTION,
    find: 'strict set enable_seqscan = off as',
    replace: 'strict set enable_indexscan = off set enable_bitmapscan = off as',
    suites: ['sessions/plans.test.ts'],
  },
  {
    name: 'sessions: those beside the horizon are compared too',
    file: 'runtime/verify.ts',
    find: "horizon + (table.window.kind === 'session' ? table.window.longest : 0)",
    replace: 'horizon',
    suites: ['sessions/verify.test.ts'],
  },
];
