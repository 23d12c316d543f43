import { afterAll, beforeAll, describe } from 'vitest';
import type { LocalDatabase } from '../../../src/local/database.ts';
import { storeContract } from '../../contracts/store.ts';
import { conflictContract } from '../../contracts/store-conflicts.ts';
import { dedupeContract } from '../../contracts/store-dedupe.ts';
import { equalityContract } from '../../contracts/store-equality.ts';
import { debianBinaries, debianPostgres } from '../../support/debian.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

storeContract('the Postgres store', () => postgresPlace());
equalityContract('the Postgres store', () => postgresPlace());
conflictContract('the Postgres store', () => postgresPlace());
dedupeContract('the Postgres store', () => postgresPlace());

describe.skipIf(debianBinaries() === undefined)("on Debian's server", () => {
  let debian: LocalDatabase | undefined;
  beforeAll(async () => {
    debian = await debianPostgres();
  });
  afterAll(() => debian?.stop());

  storeContract('the Postgres store', () => postgresPlace(debian?.url));
  equalityContract('the Postgres store', () => postgresPlace(debian?.url));
  conflictContract('the Postgres store', () => postgresPlace(debian?.url));
  dedupeContract('the Postgres store', () => postgresPlace(debian?.url));
});
