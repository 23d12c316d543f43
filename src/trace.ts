import type { SpanContext } from '@opentelemetry/api';

/** The trace of a delivery, while it is sampled. */
export interface Trace {
  /** Of the span that all its stages are in. */
  readonly context: SpanContext;
  /** These messages took part in something that is in another trace: a flush of several deliveries. */
  link(to: SpanContext): void;
}

/** Who makes spans, as OpenTelemetry knows it: `trace.getTracer(TRACER)`. */
export const TRACER = 'scalestream';
/** No span has more links: some backends refuse more than 128. `scalestream.links.dropped` tells the rest. */
export const MOST_LINKS = 64;

interface Traced {
  readonly trace?: Trace | undefined;
}

/** The different traces of messages, in order. */
export function tracesOf(messages: Iterable<Traced>): readonly Trace[] {
  const found = new Set<Trace>();
  let last: Trace | undefined;
  for (const { trace } of messages) {
    if (trace === last || trace === undefined) continue;
    found.add(trace);
    last = trace;
  }
  return [...found];
}
