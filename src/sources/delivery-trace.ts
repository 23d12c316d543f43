import {
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { MOST_LINKS, type Trace, TRACER } from '../trace.ts';
import { producerContext } from './producer-context.ts';
import type { Arrival } from './queue.ts';

/** What is received of whom. */
export interface Receive {
  readonly destination: string;
  readonly url: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * The spans of one delivery: `receive`, in it `process`, in that one after the other the stages that its messages were in. All of its messages go through the
 * graph together, so what one of them enters, all are in. It ends with its last message.
 */
export class DeliveryTrace implements Trace {
  readonly context: SpanContext;
  readonly #process: Span;
  #stage: Span | undefined;
  #stageName = '';
  #left: number;

  constructor(process: Span, messages: number) {
    this.#process = process;
    this.context = process.spanContext();
    this.#left = messages;
  }

  link(to: SpanContext): void {
    this.#process.addLink({ context: to });
  }

  at(stage: string, now: number): void {
    if (stage === this.#stageName) return;
    this.#stage?.end(now);
    this.#stageName = stage;
    const parent = trace.setSpan(ROOT_CONTEXT, this.#process);
    this.#stage = trace
      .getTracer(TRACER)
      .startSpan(`stage ${stage}`, { startTime: now, attributes: { 'scalestream.stage': stage } }, parent);
  }

  /** One of its messages reached its outcome. */
  settled(outcome: 'acknowledged' | 'released' | 'lost', now: number): void {
    if (outcome !== 'acknowledged') {
      this.#process.setStatus({ code: SpanStatusCode.ERROR, message: `a message was ${outcome}` });
      this.#process.setAttribute('error.type', outcome);
    }
    if (--this.#left > 0) return;
    this.#stage?.end(now);
    this.#process.end(now);
  }
}

/** Begins the trace of what a receive brought; `undefined` where that is nothing, or nobody samples it. */
export function deliveryTrace(arrivals: readonly Arrival[], receive: Receive): DeliveryTrace | undefined {
  if (arrivals.length === 0) return undefined;
  const tracer = trace.getTracer(TRACER);
  const { destination, url, startedAt, endedAt } = receive;
  const attributes = {
    'messaging.system': 'aws_sqs',
    'messaging.destination.name': destination,
    'aws.sqs.queue.url': url,
    'messaging.batch.message_count': arrivals.length,
  };
  const received = tracer.startSpan(
    `receive ${destination}`,
    {
      kind: SpanKind.CLIENT,
      startTime: startedAt,
      attributes: { ...attributes, 'messaging.operation.name': 'receive', 'messaging.operation.type': 'receive' },
    },
    ROOT_CONTEXT,
  );
  received.end(endedAt);
  if ((received.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return undefined;
  const producers = linksOf(arrivals);
  const process = tracer.startSpan(
    `process ${destination}`,
    {
      kind: SpanKind.CONSUMER,
      startTime: endedAt,
      links: producers.slice(0, MOST_LINKS),
      attributes: {
        ...attributes,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        ...(producers.length > MOST_LINKS ? { 'scalestream.links.dropped': producers.length - MOST_LINKS } : {}),
      },
    },
    trace.setSpan(ROOT_CONTEXT, received),
  );
  return new DeliveryTrace(process, arrivals.length);
}

/** Where the messages come from, each sending once. */
function linksOf(arrivals: readonly Arrival[]): Link[] {
  const links = new Map<string, Link>();
  for (const arrival of arrivals) {
    const from = producerContext(arrival);
    if (from && !links.has(from.spanId))
      links.set(from.spanId, { context: from, attributes: { 'messaging.message.id': arrival.id } });
  }
  return [...links.values()];
}
