import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { Delivery, Message } from '../../src/custody.ts';
import { producerContext } from '../../src/sources/producer-context.ts';
import { queueInTime } from '../support/queue-in-time.ts';
import { recordSpans } from '../support/spans.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** A source in virtual time, and what it delivered. */
function receiving() {
  const set = queueInTime({ name: 'orders', visibilityTimeout: '10s' });
  const messages: Message[] = [];
  const subscription = set.source.messages.subscribe((delivery: Delivery) => messages.push(...delivery));
  onTestFinished(() => subscription.unsubscribe());
  return { ...set, messages };
}

test('a delivery is received, processed stage by stage, and deleted, in one trace that is linked with its producers', async () => {
  const { spans, named } = recordSpans();
  const { clock, broker, messages } = receiving();
  broker.send([
    { body: 'a', attributes: { traceparent: TRACEPARENT } },
    { body: 'b', attributes: { traceparent: TRACEPARENT } },
    'c',
  ]);
  await clock.advance(10);
  const began = clock.now();
  for (const { custody } of messages) custody.at('decode');
  await clock.advance(20);
  for (const { custody } of messages) custody.at('gather', true);
  await clock.advance(80);
  for (const { custody } of messages) custody.acknowledge();
  await clock.advance(1_000);

  const [receive] = named('receive orders');
  const [process] = named('process orders');
  expect(receive).toMatchObject({
    kind: SpanKind.CLIENT,
    attributes: { 'messaging.operation.name': 'receive', 'messaging.batch.message_count': 3 },
  });
  expect(process).toMatchObject({
    kind: SpanKind.CONSUMER,
    parentSpanContext: { spanId: receive?.spanContext().spanId },
    attributes: {
      'messaging.system': 'aws_sqs',
      'messaging.destination.name': 'orders',
      'messaging.operation.type': 'process',
    },
  });
  // both were sent by one call
  expect(process?.links).toMatchObject([
    {
      context: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' },
      attributes: { 'messaging.message.id': messages[0]?.id },
    },
  ]);
  const ms = ([seconds, nanos]: readonly [number, number]): number => Math.round(seconds * 1_000 + nanos / 1e6) - began;
  const stages = spans().filter(({ name }) => name.startsWith('stage '));
  expect(stages.map(({ name, startTime, endTime }) => [name, ms(startTime), ms(endTime)])).toEqual([
    ['stage decode', 0, 20],
    ['stage gather', 20, 100],
    ['stage delete', 100, expect.any(Number)],
  ]);
  const [gone] = named('delete orders');
  expect(gone).toMatchObject({
    kind: SpanKind.CLIENT,
    parentSpanContext: { spanId: process?.spanContext().spanId },
    attributes: { 'messaging.operation.type': 'settle' },
  });
  expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  expect(messages[0]?.trace?.context.traceId).toBe(process?.spanContext().traceId);
});

test('what was given back, and what the graph lost, are errors of the trace; leases that are renewed are seen in it', async () => {
  const { named } = recordSpans();
  const { clock, broker, messages } = receiving();
  broker.send(['a', 'b']);
  await clock.advance(10);
  const [a, b] = messages as [Message, Message];
  a.custody.at('enrich', true);
  b.custody.at('mapEvents');
  await clock.advance(8_000);
  expect(named('extend orders').length).toBeGreaterThan(0);
  a.custody.release();
  await clock.advance(4_000);
  expect(named('release orders')).toHaveLength(1);
  expect(named('process orders')).toMatchObject([
    { status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'lost' } },
  ]);
});

test('nobody who samples: no trace, and nothing that costs anything', async () => {
  const { clock, broker, messages } = receiving();
  broker.send(['a']);
  await clock.advance(10);
  expect(messages).toMatchObject([{ trace: undefined }]);
});

const XRAY = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1';

test.each([
  [TRACEPARENT, undefined, '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 1],
  [TRACEPARENT, XRAY, '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 1],
  [TRACEPARENT.replace(/01$/, '00'), undefined, '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 0],
  [`01${TRACEPARENT.slice(2)}-what-is-to-come`, undefined, '0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', 1],
  ['rubbish', XRAY, '5759e988bd862e3fe1be46a994272793', '53995c3f42cd8ad8', 1],
  [
    undefined,
    'Sampled=0; Parent=53995c3f42cd8ad8;Root=1-5759e988-bd862e3fe1be46a994272793',
    '5759e988bd862e3fe1be46a994272793',
    '53995c3f42cd8ad8',
    0,
  ],
])('a message that says %s and %s was sent in trace %s', (traceparent, awsTraceHeader, traceId, spanId, traceFlags) => {
  const attributes: Record<string, string> = traceparent === undefined ? {} : { traceparent };
  expect(producerContext({ attributes, awsTraceHeader })).toEqual({ traceId, spanId, traceFlags, isRemote: true });
});

test.each([
  [{}, undefined],
  [{ traceparent: `ff${TRACEPARENT.slice(2)}` }, undefined],
  [{ traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, undefined],
  [{ traceparent: TRACEPARENT.toUpperCase() }, undefined],
  [{}, 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1'],
  [{}, 'Self=1-67891234-12456789abcdef012345678'],
])('a message that says %j and %s was sent in none that is known', (attributes, awsTraceHeader) => {
  expect(producerContext({ attributes, awsTraceHeader })).toBeUndefined();
});
