import { expect, test } from 'vitest';
import { orderPipeline } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

test('a worker of another version than the database is not let in: it learns so before it receives anything', async () => {
  const pipeline = orderPipeline();
  const place = await postgresPlace();
  const database = place.database();
  await database.migrate(pipeline);
  await place.query(`update scalestream.pipelines set version = 'another'`);
  await expect(database.open(pipeline, { worker: 'late' })).rejects.toMatchObject({ failure: 'fenced' });
  await place.close();
});
