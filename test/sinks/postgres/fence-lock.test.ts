import { expect, test } from 'vitest';
import { message } from '../../support/message.ts';
import { order, orderPipeline, run } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

test('a flush under way holds its version: whoever wants to move it must wait', async () => {
  const pipeline = orderPipeline();
  const place = await postgresPlace();
  const store = await place.open(pipeline);
  const deliver = (id: string) => run(pipeline, store, [[message(JSON.stringify(order(id)))]]);
  await deliver('a');
  const [blocker, mover] = [place.session(), place.session()];
  await blocker('begin; select from trade for update');
  const flushing = deliver('b');
  await place.waiting(1);
  await mover(`set lock_timeout = '100ms'`);
  // Postgres says that it waited for a lock in vain: 55P03.
  await expect(mover(`update scalestream.pipelines set version = 'another'`)).rejects.toMatchObject({ code: '55P03' });
  await blocker('commit');
  expect(await flushing).toMatchObject({ committed: 1 });
  await place.close();
});
