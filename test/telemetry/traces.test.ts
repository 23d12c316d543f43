import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test, vi } from 'vitest';
import { toSqs } from '../../src/index.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { simulate } from '../../src/producer/simulate.ts';
import { metricsApi, metricsClient, readDatabase } from '../../src/server/index.ts';
import { PATIENCE, shop } from '../faults/shop.ts';
import { recordSpans } from '../support/spans.ts';

const events = (count: number): string[] =>
  [...simulate({ events: count, seed: 7, now: Date.now }).texts()].filter((text) => typeof text === 'string');

test('a trace leads from the producer over the queue to the commit and the delete; deliveries of one flush are linked', async () => {
  const { named, spans } = recordSpans();
  const set = await shop();
  const sender = toSqs({ queue: { client: set.queue.client, queueUrl: set.queue.url }, pack: 5, lingerMs: 0 });
  for (const event of events(100)) await sender.send(event);
  await sender.close();
  const hired = await set.hire();
  await vi.waitFor(async () => expect(await set.left()).toBe(0), PATIENCE);
  await hired.leave();

  const flushes = named('flush shop_events');
  expect(flushes.length).toBeGreaterThan(0);
  for (const flush of flushes) {
    expect(flush).toMatchObject({
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'db.system.name': 'postgresql',
        'db.collection.name': 'shop_events',
        'server.address': expect.any(String),
      },
    });
  }
  const byId = new Map(spans().map((span) => [span.spanContext().spanId, span]));
  const sends = named(`send ${set.queue.name}`);
  expect(sends.length).toBeGreaterThan(0);
  const processes = named(`process ${set.queue.name}`);
  for (const process of processes) {
    // from its producer …
    const [from] = process.links;
    expect(byId.get(from?.context.spanId ?? '')).toMatchObject({
      name: `send ${set.queue.name}`,
      kind: SpanKind.PRODUCER,
    });
    // … to its commit: in its own trace, or linked
    const commits = flushes.filter(
      (flush) =>
        flush.parentSpanContext?.spanId === process.spanContext().spanId ||
        process.links.some(({ context }) => context.spanId === flush.spanContext().spanId),
    );
    expect(commits).toHaveLength(1);
    const stages = spans()
      .filter(
        (span) => span.name.startsWith('stage ') && span.parentSpanContext?.spanId === process.spanContext().spanId,
      )
      .map(({ name }) => name.slice('stage '.length));
    expect(stages).toEqual(['decode', 'gather', 'transaction', 'committed', 'delete']);
  }
  expect(flushes.reduce((sum, { attributes }) => sum + Number(attributes['scalestream.events']), 0)).toBe(100);
});

test('a flush that fails is an error of its trace, and the next one of the same batch is in it too', async () => {
  const { named } = recordSpans();
  const set = await shop();
  const hired = await set.hire();
  await set.statements.door('refuse');
  set.statements.cutAll();
  const sender = toSqs({ queue: { client: set.queue.client, queueUrl: set.queue.url } });
  for (const event of events(20)) await sender.send(event);
  await sender.close();
  const failed = () => named('flush shop_events').filter(({ status }) => status.code === SpanStatusCode.ERROR);
  await vi.waitFor(() => expect(failed().length).toBeGreaterThan(0), PATIENCE);
  await set.statements.door('open');
  await vi.waitFor(async () => expect(await set.left()).toBe(0), PATIENCE);
  await hired.leave();
  expect(failed()[0]?.attributes['error.type']).toMatch(/^[A-Z_]+$/);
  const all = named('flush shop_events');
  expect(all.at(-1)?.status.code).toBe(SpanStatusCode.UNSET);
  expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
});

test('a window says in which trace it was changed last; without one it says so', async () => {
  const set = await shop();
  const { named } = recordSpans();
  const hired = await set.hire();
  const sender = toSqs({ queue: { client: set.queue.client, queueUrl: set.queue.url } });
  for (const event of events(20)) await sender.send(event);
  await sender.flush();
  await vi.waitFor(async () => expect(await set.counted()).toBe(20), PATIENCE);
  const traced = await set.sql<{ trace_id: string | null }[]>`select distinct trace_id from product_trade_windows`;
  const [flushed] = named('flush shop_events');
  expect(traced).toEqual([{ trace_id: flushed?.spanContext().traceId }]);
  const database = readDatabase({ url: set.database.url });
  onTestFinished(() => database.close());
  const client = metricsClient('http://localhost', {
    fetch: metricsApi({ pipelines: [storefront], database }).request,
  });
  const answer = await client.v1.pipelines[':pipeline'].windows[':table'].$get({
    param: { pipeline: 'storefront', table: 'product_trade' },
    query: {},
  });
  expect(new Set((await answer.json()).data.map(({ traceId }) => traceId))).toEqual(
    new Set([flushed?.spanContext().traceId]),
  );
  trace.disable();
  for (const event of events(40).slice(20)) await sender.send(event);
  await sender.close();
  await vi.waitFor(async () => expect(await set.counted()).toBe(40), PATIENCE);
  await hired.leave();
  const [untraced] = await set.sql`select count(*)::int as n from product_trade_windows where trace_id is null`;
  expect(untraced?.['n']).toBeGreaterThan(0);
});
