import { expect, onTestFinished, test } from 'vitest';
import { count, eventTable, pipeline, tumbling, windowTable } from '../../../src/index.ts';
import { Order, orderPipeline } from '../../support/orders.ts';
import { postgresPlace } from '../../support/postgres-place.ts';

const events = eventTable('others', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });
const hours = windowTable('hours', events, { window: tumbling('1h'), key: {}, measures: { n: count() } });

test('a worker that is refused leaves no source behind that the watermark would wait for', async () => {
  const place = await postgresPlace();
  onTestFinished(() => place.close());
  const [first, second] = [orderPipeline(), pipeline('others', [events, hours], orderPipeline().graph)];
  const [one, two] = [place.database(), place.database()];
  await one.migrate(first);
  await two.migrate(second);
  await one.open(first, { worker: 'w1', sources: ['shop'], queues: ['http://q/1'] });
  await expect(
    two.open(second, { worker: 'w2', sources: ['till', 'shop'], queues: ['http://q/2', 'http://q/1'] }),
  ).rejects.toMatchObject({ failure: 'fatal', reason: 'shared-queue' });
  const sources = 'select pipeline, source from scalestream.sources order by 1, 2';
  expect(await place.query(sources)).toEqual([{ pipeline: 'orders', source: 'shop' }]);
  await two.open(second, { worker: 'w2', sources: ['till'], queues: ['http://q/2'] });
  expect(await place.query(sources)).toEqual([
    { pipeline: 'orders', source: 'shop' },
    { pipeline: 'others', source: 'till' },
  ]);
});
