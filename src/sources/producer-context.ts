import { isSpanContextValid, type SpanContext, TraceFlags } from '@opentelemetry/api';

/** The trace in which a message was sent, as its attributes tell it. */
export interface Carried {
  readonly attributes: Readonly<Record<string, string>>;
  /** SQS's own, which X-Ray writes. */
  readonly awsTraceHeader?: string | undefined;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader */
const ROOT = /(?:^|;)\s*Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)/i;
const PARENT = /(?:^|;)\s*Parent=([0-9a-f]{16})(?:;|$)/i;

/** `traceparent`, or X-Ray's header where there is none; `undefined` where neither says anything. */
export function producerContext({ attributes, awsTraceHeader }: Carried): SpanContext | undefined {
  const [, traceId = '', spanId = '', flags = '0'] = TRACEPARENT.exec(attributes['traceparent'] ?? '') ?? [];
  const w3c: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  if (isSpanContextValid(w3c)) return w3c;
  if (awsTraceHeader === undefined) return undefined;
  const [, seconds = '', random = ''] = ROOT.exec(awsTraceHeader) ?? [];
  const [, parent = ''] = PARENT.exec(awsTraceHeader) ?? [];
  const sampled = /(?:^|;)\s*Sampled=1(?:;|$)/.test(awsTraceHeader) ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const xray: SpanContext = {
    traceId: `${seconds}${random}`.toLowerCase(),
    spanId: parent.toLowerCase(),
    traceFlags: sampled,
    isRemote: true,
  };
  return isSpanContextValid(xray) ? xray : undefined;
}
