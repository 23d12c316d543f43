import { expect, test } from 'vitest';
import { whenFinal } from '../../../src/index.ts';
import { readStatus } from '../../../src/sinks/postgres/status.ts';
import { trade } from '../../support/orders.ts';
import { nowhere } from '../../when-final/nowhere.ts';
import { inWindow, stageOf } from '../../when-final/stage.ts';
import { deliverOnce } from '../../../src/runtime/deliver.ts';

test('the status says what each branch has still to deliver, since when, and why it does not arrive', async () => {
  const stage = await stageOf(
    whenFinal(
      trade,
      nowhere(() => Promise.reject(new Error('HTTP 500\nSECRET'))),
      { name: 'down' },
    ),
    whenFinal(trade, nowhere(), { name: 'well' }),
  );
  const { connection } = stage.place.database({ connections: 1 });
  expect(await readStatus(connection, stage.pipeline)).toMatchObject({ outbox: [] });
  await stage.deliver(inWindow(0, 'a', { product: 'mug' }), inWindow(0, 'b', { product: 'tea' }));
  await stage.pass();
  await stage.store.time.tick();
  await deliverOnce(stage.pipeline, stage.store.time.outbox);
  const status = await readStatus(connection, stage.pipeline);
  const [row] = await stage.rows(
    `select to_char(min(posted_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as oldest from scalestream.outbox`,
  );
  expect(status?.outbox).toEqual([
    { branch: 'down', backlog: 2, oldest: row?.['oldest'], failing: 1, error: 'HTTP 500' },
  ]);
});
