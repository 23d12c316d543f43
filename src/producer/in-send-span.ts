import { ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace, TraceFlags } from '@opentelemetry/api';
import { SourceError } from '../errors.ts';
import { TRACER } from '../trace.ts';
import { type Outgoing, SQS_MAX_BYTES } from './encode.ts';

const TRACEPARENT = 'traceparent';
/** What SQS counts of the attribute: its name, its type, and a value of 55 characters. */
const TRACEPARENT_BYTES = TRACEPARENT.length + 'String'.length + 55;

/**
 * Runs the sending of a batch in a span of its own, whose context travels with each message (W3C `traceparent`), where it is sampled and there is room for it.
 */
export async function inSendSpan<T>(
  messages: readonly Outgoing[],
  { queueUrl, maxBytes = SQS_MAX_BYTES }: { readonly queueUrl: string; readonly maxBytes?: number | undefined },
  run: (messages: readonly Outgoing[]) => Promise<T>,
): Promise<T> {
  const destination = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
  const span = trace.getTracer(TRACER).startSpan(
    `send ${destination}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.system': 'aws_sqs',
        'messaging.destination.name': destination,
        'messaging.operation.name': 'send',
        'messaging.operation.type': 'send',
        'messaging.batch.message_count': messages.length,
        'aws.sqs.queue.url': queueUrl,
      },
    },
    ROOT_CONTEXT,
  );
  try {
    return await run(carrying(messages, maxBytes, span.spanContext()));
  } catch (error) {
    const type = error instanceof SourceError ? error.reason : 'error';
    span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR, message: type });
    throw error;
  } finally {
    span.end();
  }
}

function carrying(
  messages: readonly Outgoing[],
  maxBytes: number,
  { traceId, spanId, traceFlags }: SpanContext,
): readonly Outgoing[] {
  if ((traceFlags & TraceFlags.SAMPLED) === 0) return messages;
  const sizes = messages.map(({ bytes }) => bytes + TRACEPARENT_BYTES);
  if (Math.max(...sizes) > maxBytes || sizes.reduce((sum, size) => sum + size, 0) > SQS_MAX_BYTES) return messages;
  const traceparent = { DataType: 'String', StringValue: `00-${traceId}-${spanId}-01` };
  return messages.map((message) => ({ ...message, attributes: { ...message.attributes, [TRACEPARENT]: traceparent } }));
}
