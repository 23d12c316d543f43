import type { Mutation } from './mutation.ts';

/** What the store and its connection do for exactness. */
export const storeMutations: readonly Mutation[] = [
  {
    name: 'a lost connection is not worth a retry',
    file: 'sinks/postgres/classify.ts',
    find: "if (CONNECTION.test(code) || RETRY.test(code)) return 'retry';",
    replace: "if (RETRY.test(code)) return 'retry';",
    suites: ['sinks/postgres/classify.test.ts'],
  },
  {
    name: 'a lost connection is not worth a retry, seen at the database',
    file: 'sinks/postgres/classify.ts',
    find: "if (CONNECTION.test(code) || RETRY.test(code)) return 'retry';",
    replace: "if (RETRY.test(code)) return 'retry';",
    suites: ['sinks/postgres/connection.test.ts'],
  },
  {
    name: 'an unknown outcome is taken for a success',
    file: 'sinks/postgres/postgres.ts',
    find: '        if (isMissingPartition(error)) {',
    replace:
      '        if (/^(CONN|ECONN|EPIPE|DEADLINE)/.test(String((error as { code?: string }).code)))\n          return { fresh: given.entries.length, windows: 0, rejects: 0 };\n        if (isMissingPartition(error)) {',
    suites: ['sinks/postgres/connection.test.ts'],
  },
  {
    name: 'a fenced flush is taken for a success',
    file: 'sinks/postgres/postgres.ts',
    find: 'if (row?.fenced === 1) return',
    replace: 'if (row) return',
    suites: ['sinks/postgres/fence.test.ts'],
  },
  {
    name: 'a worker does not look at the version when it reads the horizon',
    file: 'sinks/postgres/postgres.ts',
    find: 'if (row?.version === version && row.horizon !== null)',
    replace: 'if (row && row.horizon !== null)',
    suites: ['sinks/postgres/fenced-open.test.ts'],
  },
  {
    name: 'a flush has no deadline',
    file: 'sinks/postgres/connect.ts',
    find: 'return await Promise.race([run(pool.sql), late]);',
    replace: 'late.catch(() => undefined);\n      return await run(pool.sql);',
    suites: ['sinks/postgres/flush-deadline.test.ts'],
  },
  {
    name: 'the breaker never pauses the source',
    file: 'runtime/breaker.ts',
    find: 'if (open) source.pause();',
    replace: 'if (open) source.stats();',
    suites: ['runtime/breaker.test.ts'],
  },
  {
    name: 'the breaker never resumes the source',
    file: 'runtime/breaker.ts',
    find: 'else source.resume();',
    replace: 'else source.stats();',
    suites: ['runtime/breaker.test.ts'],
  },
];
