import type { SpreadReading } from '../spread.ts';
import type { LabelOf, MetricKey } from './registry.ts';

/** What a metric is now, for one set of labels. */
export interface Reading {
  readonly metric: MetricKey;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | SpreadReading;
}

/** Whoever has readings: asked whenever somebody scrapes. */
export type Reader = () => readonly Reading[] | Promise<readonly Reading[]>;

/** A label that is `undefined` is left out. */
export function reading<K extends MetricKey>(
  metric: K,
  labels: Readonly<Partial<Record<LabelOf<K>, string | undefined>>>,
  value: Reading['value'],
): Reading {
  const known = Object.entries<string | undefined>(labels).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { metric, labels: Object.fromEntries(known), value };
}
