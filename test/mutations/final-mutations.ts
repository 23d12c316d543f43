import type { Mutation } from './mutation.ts';

/** What the exactness of `whenFinal` rests on. */
export const finalMutations: readonly Mutation[] = [
  {
    name: 'windows are made final by a version that does not know their branches',
    file: 'sinks/postgres/close-statements.ts',
    find: '${begun} and exists (select from "$fence")',
    replace: '${begun}',
    suites: ['when-final/into-table.test.ts'],
  },
  {
    name: 'what is final may become final again',
    file: 'sinks/postgres/close-statements.ts',
    find: '`final_revision is null and ${between(primary',
    replace: '`${between(primary',
    suites: ['when-final/races.test.ts'],
  },
  {
    name: 'an announcement is not remembered',
    file: 'sinks/postgres/close-statements.ts',
    find: 'set announced = revision, revised_at',
    replace: 'set revised_at',
    suites: ['when-final/into-table.test.ts'],
  },
  {
    name: 'a revision is announced with what the window holds now',
    file: 'sinks/postgres/close-statements.ts',
    find: 'jsonb_populate_record(null::${quoteName(table.name)}, announced.contents) as w',
    replace: '(select t.* from ${quoteName(table.name)} t limit 1) as w',
    suites: ['when-final/races.test.ts'],
  },
  {
    name: 'deliveries of other claimants are taken too',
    file: 'sinks/postgres/outbox.ts',
    find: "clock_timestamp() + $5::text::bigint * interval '1 millisecond'\nwhere o.ctid = any (array(select due.at from due))\nreturning",
    replace:
      "clock_timestamp() - $5::text::bigint * interval '1 millisecond'\nwhere o.ctid = any (array(select due.at from due))\nreturning",
    suites: ['when-final/deliver.test.ts'],
  },
  {
    name: 'a claimant that was too slow disturbs the next',
    file: 'sinks/postgres/outbox.ts',
    find: ' and claim = $4::text`',
    replace: ' and $4::text is not null`',
    suites: ['when-final/deliver.test.ts'],
  },
  {
    name: 'a delivery is marked before it is sent',
    file: 'runtime/deliver.ts',
    find: '    for (const [delivery, why] of await send(branch, parcels)) failed.set(delivery, why);',
    replace:
      '    await outbox.done(branch, parcels.map(({ delivery }) => delivery));\n    for (const [delivery, why] of await send(branch, parcels)) failed.set(delivery, why);',
    suites: ['when-final/deliver.test.ts'],
  },
  {
    name: 'what an answer of SQS does not name has arrived',
    file: 'sinks/to-queue.ts',
    find: 'sent.has(i) ? [] :',
    replace: 'sent.has(i) || !failed.has(i) ? [] :',
    suites: ['when-final/to-queue.test.ts'],
  },
  {
    name: 'whatever a webhook answers is a success',
    file: 'sinks/to-webhook.ts',
    find: 'statusCode >= 200 && statusCode < 300 ?',
    replace: 'statusCode >= 200 ?',
    suites: ['when-final/to-webhook.test.ts'],
  },
  {
    name: 'a FIFO queue gets the next of a key before the one before',
    file: 'sinks/postgres/outbox.ts',
    find: 'isSinkBranch(branch) && branch.to.ordered ? claimHeads : claimAny',
    replace: 'claimAny',
    suites: ['when-final/deliver.test.ts'],
  },
];
