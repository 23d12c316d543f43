import type { Mutation } from './mutation.ts';

/** What the source does so that nothing is lost, kept for ever, or delivered again without need. */
export const sourceMutations: readonly Mutation[] = [
  {
    name: 'leases are not renewed',
    file: 'sources/leases.ts',
    find: '      due.push(message);\n',
    replace: '',
    suites: ['sources/sqs/leases.test.ts'],
  },
  {
    name: 'a failed renewal is not repeated',
    file: 'sources/leases.ts',
    find: 'for (const message of collected) message.renewing = false;',
    replace: 'if (outcomes.length > 0) for (const message of collected) message.renewing = false;',
    suites: ['sources/sqs/renewal-repeated.test.ts'],
  },
  {
    name: 'credit does not come back',
    file: 'sources/holdings.ts',
    find: '      credit.giveBack(message.weight);\n',
    replace: '',
    suites: ['sources/sqs/polls.test.ts', 'sources/sqs/settlements.test.ts'],
  },
  {
    name: 'receives ignore the credit',
    file: 'sources/credit.ts',
    find: 'if (messages + reserved + ask > maxMessages) return false;',
    replace: '',
    suites: ['sources/sqs/polls.test.ts'],
  },
  {
    name: 'failed entries of a batch call are taken for done',
    file: 'sources/sqs/sqs-queue.ts',
    find: 'for (const entry of reply.Failed ?? []) found[Number(entry.Id)] = outcomeOfFailed(entry);',
    replace: "for (const entry of reply.Failed ?? []) found[Number(entry.Id)] = outcomeOfFailed(entry) && 'done';",
    suites: ['sources/sqs/settlements.test.ts'],
  },
  {
    name: 'a message is deleted by the handle of an older delivery',
    file: 'sources/settlements.ts',
    find: "const isOver = outcome !== 'retry' && message.handle === handles[index];",
    replace: "const isOver = outcome !== 'retry' && handles[index] !== undefined;",
    suites: ['sources/sqs/newest-handle.test.ts'],
  },
  {
    name: 'whole delete calls that fail are not repeated',
    file: 'sources/settlements.ts',
    find: 'attempts = CALL_ATTEMPTS;',
    replace: 'attempts = CALL_ATTEMPTS > 0 ? 1 : 0;',
    suites: ['sources/sqs/settlements.test.ts'],
  },
];
