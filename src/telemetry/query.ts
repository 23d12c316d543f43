import { inPrometheus, prometheusName } from './metric.ts';
import { type LabelOf, METRICS, type MetricKey } from './registry.ts';

/**
 * Names a metric's series in PromQL, by what the registry knows: a query of what is not there does not compile.
 *
 * @param matchers by label: `'x'` or a whole matcher such as `'!="x"'`.
 * @example
 * series('polls', { outcome: 'failed' }); // scalestream_polls_total{outcome="failed"}
 */
export function series<K extends MetricKey>(
  key: K,
  matchers?: Readonly<Partial<Record<LabelOf<K> | 'instance', string>>>,
  part: '' | '_bucket' | '_count' | '_sum' = '',
): string {
  const texts = Object.entries<string | undefined>(matchers ?? {}).map(
    ([label, matcher = '']) => `${inPrometheus(label)}${/^(=|!)/.test(matcher) ? matcher : `="${matcher}"`}`,
  );
  return `${prometheusName(METRICS[key])}${part}${texts.length > 0 ? `{${texts.join(', ')}}` : ''}`;
}

/** A label in PromQL. */
export const label = <K extends MetricKey>(_key: K, name: LabelOf<K>): string => inPrometheus(name);
