import { median } from '../median.ts';

/** How a value went over time, after its warm-up. */
export interface Flatness {
  readonly samples: number;
  readonly least: number;
  readonly most: number;
  /** The middle of the first third, and of the last. */
  readonly early: number;
  readonly late: number;
  /** From the first third to the last, in per cent. */
  readonly growth: number;
  /** Of the line that fits best, per hour. */
  readonly slopePerHour: number;
}

/**
 * Judges whether a series is flat.
 *
 * @param warmUp leading share of the samples that does not count: code is compiled and pools are filled meanwhile.
 */
export function flatness(
  series: readonly { readonly seconds: number; readonly value: number }[],
  warmUp: number,
): Flatness {
  const warm = series.slice(Math.floor(series.length * warmUp));
  const values = warm.map(({ value }) => value);
  const third = Math.max(1, Math.floor(warm.length / 3));
  const [early, late] = [median(values.slice(0, third)), median(values.slice(-third))];
  return {
    samples: warm.length,
    least: Math.min(...values),
    most: Math.max(...values),
    early,
    late,
    growth: early === 0 ? late : ((late - early) / early) * 100,
    slopePerHour: slopeOf(warm) * 3_600,
  };
}

/** By least squares, a second. */
function slopeOf(points: readonly { readonly seconds: number; readonly value: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ value }) => value)];
  const spread = mean(({ seconds }) => (seconds - x) ** 2);
  return spread === 0 ? 0 : mean(({ seconds, value }) => (seconds - x) * (value - y)) / spread;
}
