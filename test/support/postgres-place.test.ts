import { expect, onTestFinished, test } from 'vitest';
import { postgresPlace } from './postgres-place.ts';

test('who waits for statements to wait for a lock is told when too few do, and resolves when enough do', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  await expect(place.waiting(1, 50)).rejects.toThrow('expected 1 statements that wait for a lock; got 0 within 50 ms');
  const [one, other] = [place.session(), place.session()];
  await one('begin; select pg_advisory_xact_lock(1)');
  const blocked = other('select pg_advisory_xact_lock(1)');
  await place.waiting(1);
  await one('commit');
  await blocked;
});
