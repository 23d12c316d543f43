import type { Mutation } from './mutation.ts';
import { codecMutations } from './codec-mutations.ts';
import { idMutations } from './id-mutations.ts';
import { finalMutations } from './final-mutations.ts';
import { ingestMutations } from './ingest-mutations.ts';
import { measureMutations } from './measure-mutations.ts';
import { hoppingMutations } from './hopping-mutations.ts';
import { sessionMutations } from './session-mutations.ts';
import { overMutations } from './over-mutations.ts';
import { sourceMutations } from './source-mutations.ts';
import { statementMutations } from './statement-mutations.ts';
import { storeMutations } from './store-mutations.ts';
import { transactionMutations } from './transaction-mutations.ts';

/** Everything that exactness rests on, one at a time. */
export const mutations: readonly Mutation[] = [
  ...codecMutations,
  ...transactionMutations,
  ...statementMutations,
  ...storeMutations,
  ...idMutations,
  ...sourceMutations,
  ...finalMutations,
  ...measureMutations,
  ...sessionMutations,
  ...hoppingMutations,
  ...overMutations,
  ...ingestMutations,
];
