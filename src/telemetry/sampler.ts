import type { Context, Link } from '@opentelemetry/api';
import { type Attributes, isSpanContextValid, type SpanKind, trace, TraceFlags } from '@opentelemetry/api';
import { type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace';

/** A root span with this attribute is sampled whatever happens: something failed. */
export const ALWAYS = 'scalestream.sampled.because';

/**
 * Samples so many traces a second of each kind, by the first word of their root's name (`receive`, `send`, `close`), and those of failures always. Below the limit
 * that is every one; what is in a trace is sampled with its root, so a trace is whole or not there.
 *
 * @param now monotonic milliseconds.
 */
export function steadySampler(perSecond: number, now: () => number = () => performance.now()): Sampler {
  const buckets = new Map<string, { tokens: number; at: number }>();

  function take(kind: string): boolean {
    const at = now();
    const bucket = buckets.get(kind) ?? { tokens: perSecond, at };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((at - bucket.at) / 1_000) * perSecond);
    bucket.at = at;
    buckets.set(kind, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  return {
    shouldSample(context: Context, _: string, name: string, _kind: SpanKind, attributes: Attributes, _links: Link[]) {
      const parent = trace.getSpanContext(context);
      const sampled =
        parent && isSpanContextValid(parent)
          ? (parent.traceFlags & TraceFlags.SAMPLED) !== 0
          : attributes[ALWAYS] !== undefined || take(name.split(' ', 1)[0] as string);
      return { decision: sampled ? SamplingDecision.RECORD_AND_SAMPLED : SamplingDecision.NOT_RECORD };
    },
    toString: () => `steadySampler(${perSecond}/s)`,
  };
}
