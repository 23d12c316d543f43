import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { MOST_LINKS, type Trace, TRACER } from '../trace.ts';

/**
 * Runs a call to the queue about messages in a span of its own, in the first of their traces and linked with the others. Without a trace it only runs it.
 */
export function inCallSpan<T>(
  name: 'delete' | 'extend' | 'release',
  destination: string,
  traces: readonly Trace[],
  messages: number,
  call: () => Promise<T>,
): Promise<T> {
  const [first, ...others] = traces;
  if (!first) return call();
  const span = trace.getTracer(TRACER).startSpan(
    `${name} ${destination}`,
    {
      kind: SpanKind.CLIENT,
      links: others.slice(0, MOST_LINKS).map((each) => ({ context: each.context })),
      attributes: {
        'messaging.system': 'aws_sqs',
        'messaging.destination.name': destination,
        'messaging.operation.name': name,
        'messaging.operation.type': 'settle',
        'messaging.batch.message_count': messages,
      },
    },
    trace.setSpanContext(ROOT_CONTEXT, first.context),
  );
  return ended(span, call());
}

async function ended<T>(span: Span, result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    const type = error instanceof Error ? error.name : 'error';
    span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR, message: type });
    throw error;
  } finally {
    span.end();
  }
}
