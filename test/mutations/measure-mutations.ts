import type { Mutation } from './mutation.ts';

const onPostgres = ['measures/on-postgres.test.ts'];

/** What the exactness of measures rests on. */
export const measureMutations: readonly Mutation[] = [
  {
    name: 'the first value is any of the window',
    file: 'measures/first-last.ts',
    find: "String(time).padStart(TIME_DIGITS, '0')",
    replace: "''.padStart(TIME_DIGITS, '0')",
    suites: ['measures/first-last.test.ts'],
  },
  {
    name: 'saturated levels of a distinct count as if they were not',
    file: 'measures/distinct.ts',
    find: 'set > SATURATED ? level + 1 : 0',
    replace: '0',
    suites: ['measures/distinct.test.ts'],
  },
  {
    name: 'the database estimates another distinct than the engine',
    file: 'measures/distinct.ts',
    find: 'from levels where ones > ${SATURATED}',
    replace: 'from levels where ones > ${SATURATED + 64}',
    suites: ['measures/distinct.test.ts'],
  },
  {
    name: 'a sketch forgets what it saw in the flush before',
    file: 'sinks/postgres/part-sql.ts',
    find: "if (combine === 'or') return `${stored} | ${added}`;",
    replace: "if (combine === 'or') return added;",
    suites: onPostgres,
  },
  {
    name: 'a quantile is one value too low',
    file: 'measures/quantiles.ts',
    find: 'up_to >= ceil(share * total)',
    replace: 'up_to >= floor(share * total)',
    suites: onPostgres,
  },
  {
    name: 'buckets are as wide again as their error allows',
    file: 'measures/buckets.ts',
    find: 'const alpha = error * (1 - ROUNDING);',
    replace: 'const alpha = error * 2;',
    suites: ['measures/quantiles.test.ts'],
  },
  {
    name: 'of equally frequent values any comes first',
    file: 'measures/top-k.ts',
    find: 'order by n desc, item collate "C" limit k',
    replace: 'order by n desc limit k',
    suites: ['measures/top-k.test.ts'],
  },
  {
    name: 'a step at the same microsecond comes too early',
    file: 'measures/funnel.ts',
    find: "${column('at')}, ${column('step')})).reached",
    replace: "${column('at')}, ${column('step')} desc)).reached",
    suites: ['measures/funnel-on-postgres.test.ts'],
  },
  {
    name: 'steps of several people are one way',
    file: 'measures/funnel.ts',
    find: '    walk.next := 0;\n  end if;',
    replace: '  end if;',
    suites: onPostgres,
  },
  {
    name: 'any text is a currency',
    file: 'measures/money.ts',
    find: "typeof code !== 'string' || !CODE.test(code)",
    replace: "typeof code !== 'string'",
    suites: ['measures/money.test.ts'],
  },
  {
    name: 'a combination of an author with nothing is nothing',
    file: 'sinks/postgres/part-sql.ts',
    find: 'return `coalesce(${own(combine)}(${stored}, ${added}), ${stored}, ${added})`;',
    replace: 'return `${own(combine)}(${stored}, ${added})`;',
    suites: onPostgres,
  },
  {
    name: 'what is delivered of items may be older than its revision',
    file: 'sinks/postgres/close-statements.ts',
    find: '!storesEnd(table) && storedOf(table).length === 1',
    replace: '!storesEnd(table)',
    suites: ['measures/finals.test.ts'],
  },
];
