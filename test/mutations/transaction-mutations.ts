import type { Mutation } from './mutation.ts';

/** What the operators do for exactness. */
export const transactionMutations: readonly Mutation[] = [
  {
    name: 'no dedupe within a flush',
    file: 'operators/distinct.ts',
    find: 'if (!sorted.some(isRepeat)) return',
    replace: 'if (!sorted.every(isRepeat)) return',
    suites: ['operators/distinct.test.ts', 'sinks/postgres/contract.test.ts'],
  },
  {
    name: 'events of a flush are not sorted',
    file: 'operators/distinct.ts',
    find: 'entries.toSorted(byTimeAndId)',
    replace: 'entries.toSorted((a, b) => byTimeAndId(b, a))',
    suites: ['operators/distinct.test.ts'],
  },
  {
    name: 'messages are acknowledged before the commit',
    file: 'operators/transaction.ts',
    find: 'const stored = restore(once, batch);',
    replace:
      'const stored = restore(once, batch);\n    for (const message of batch.messages) message.custody.acknowledge();',
    suites: ['operators/transaction.test.ts'],
  },
  {
    name: 'a failed flush is acknowledged like a committed one',
    file: 'operators/settlement.ts',
    find: "if (failure !== 'event' && failure !== 'slow') throw error;",
    replace: "if (failure !== 'event' && failure !== 'slow') return { fresh: 0, windows: 0, rejects: 0 };",
    suites: ['operators/transaction-failures.test.ts'],
  },
  {
    name: 'no retry of a flush whose outcome is unknown',
    file: 'operators/retry-backoff.ts',
    find: 'if (failure >= policy.attempts || !when(error)) return throwError(() => error);',
    replace: 'if (failure >= 0 || policy.attempts < 0 || !when(error)) return throwError(() => error);',
    suites: ['operators/transaction-failures.test.ts'],
  },
  {
    name: 'the horizon is not checked before the commit',
    file: 'operators/settlement.ts',
    find: 'const old = entries.filter((entry) => entry.time < horizon);',
    replace: 'const old = entries.filter((entry) => entry.time < horizon - horizon);',
    suites: ['operators/transaction-failures.test.ts'],
  },
  {
    name: 'rejects of all but the first delivery of a batch are dropped',
    file: 'operators/gather.ts',
    find: 'rejects: batches.flatMap((batch) => batch.rejects),',
    replace: 'rejects: batches[0]?.rejects ?? [],',
    suites: ['operators/transaction-conservation.test.ts'],
  },
  {
    name: 'unfit events are dropped instead of rejected',
    file: 'operators/settlement.ts',
    find: 'rejects: [...rejects, ...refused] };',
    replace: 'rejects: [...rejects, ...refused.slice(refused.length)] };',
    suites: ['operators/transaction-folds.test.ts'],
  },
  {
    name: 'the second half of a bisected flush is dropped',
    file: 'operators/patiently.ts',
    find: 'items.slice(items.length >> 1),\n];',
    replace: 'items.slice(items.length),\n];',
    suites: ['operators/transaction-failures.test.ts'],
  },
];
