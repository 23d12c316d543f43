/** Values of a label: a closed list, or what they come from. None is ever a key, an id, or anything that a queue held. */
export type LabelValues = readonly string[] | 'declared' | 'routes';

export interface Metric<Label extends string = string> {
  /** As OpenTelemetry has it, with dots. */
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** In UCUM: `s`, `By`, `1`, `{event}`. */
  readonly unit: string;
  readonly description: string;
  readonly labels: Readonly<Record<Label, LabelValues>>;
  /** Upper bounds of a histogram. */
  readonly bounds?: readonly number[];
}

type Labels<L extends string> = Readonly<Record<L, LabelValues>>;

/** Only ever grows. */
export const counter = <L extends string>(
  name: string,
  unit: string,
  description: string,
  labels: Labels<L>,
): Metric<L> => ({ name, kind: 'counter', unit, description, labels });

/** What is now. */
export const gauge = <L extends string>(
  name: string,
  unit: string,
  description: string,
  labels: Labels<L>,
): Metric<L> => ({ name, kind: 'gauge', unit, description, labels });

export const histogram = <L extends string>(
  name: string,
  unit: string,
  description: string,
  labels: Labels<L>,
  bounds: readonly number[],
): Metric<L> => ({ name, kind: 'histogram', unit, description, labels, bounds });

/** Its name in Prometheus: counters end in `_total`; no unit is appended. */
export function prometheusName({ name, kind }: Pick<Metric, 'name' | 'kind'>): string {
  const plain = inPrometheus(name);
  return kind === 'counter' ? `${plain}_total` : plain;
}

/** A name of OpenTelemetry's, of a metric or of a label, as Prometheus has it. */
export const inPrometheus = (name: string): string => name.replaceAll(/[^a-zA-Z0-9_]+/g, '_');
