import { declared, isRecord } from '../declared.ts';
import { type Measure, type MeasureOptions, measureOptions, type Part } from '../measure.ts';
import { quotient } from './quotient.ts';

/**
 * One measure divided by another, as purchases by visits: of sums and counts, so that coarser windows have the right ratio, and no mean of ratios.
 * Stored as `<name>_numerator` and `<name>_denominator`; `<name>` is their quotient, null where the denominator is 0.
 *
 * @throws ConfigError unless both are sums or counts.
 * @example
 * ratio(countIf((e) => e.type === 'purchase'), countIf((e) => e.type === 'visit'))
 */
export function ratio<T, const U extends string = string>(
  numerator: Measure<T>,
  denominator: Measure<T>,
  options: MeasureOptions<U> = {},
): Measure<T, U> {
  const parts = [numerator, denominator].map((measure, i): Part => {
    const isMeasure: boolean = isRecord(measure) && Array.isArray(measure.parts);
    declared(isMeasure, 'ratio', 'two measures, sums or counts', measure, 'ratio(countIf(…), count())');
    const [part, ...others] = measure.parts;
    declared(
      part?.combine === 'sum' && others.length === 0 && !measure.items,
      'ratio',
      'sums or counts',
      measure.kind,
      'ratio(countIf(…), count())',
    );
    const before = i === 0 ? 0 : numerator.inputs.length;
    return { ...part, suffix: i === 0 ? '_numerator' : '_denominator', input: before + (part.input ?? 0) };
  });
  return {
    ...measureOptions(options, 'ratio'),
    kind: 'ratio',
    shape: [numerator, denominator].flatMap(({ kind, shape = [] }, i) => [kind, ...shape, parts[i]?.type ?? '']),
    inputs: [...numerator.inputs, ...denominator.inputs],
    parts,
    readings: [
      {
        suffix: '',
        type: 'numeric',
        sql: (column) => `${column('_numerator')}::numeric / nullif(${column('_denominator')}, 0)`,
        of: (values) => quotient(values['_numerator'] ?? null, values['_denominator'] ?? null),
      },
    ],
  };
}
