/** A bucket of a DDSketch: its number, and the value that stands for all in it. */
export interface Bucket {
  readonly code: readonly [number];
  readonly value: number;
}

/** So much of the error is left for rounding: of logarithms, and of values to nine digits. */
const ROUNDING = 1e-4;
const DIGITS = 9;
/** Above any `|⌈log_γ x⌉|` of a double, for errors down to 0.0001: so codes of positive values are positive. */
const MIDDLE = 2 ** 23;
/** Buckets that are remembered. */
const REMEMBERED = 20_000;

/**
 * Buckets for a relative error: `⌈log_γ |x|⌉` and its value, `2 γ^i / (γ + 1)` (DDSketch, lemma 2), which is at most `error` from all `x` in it. Codes are in the
 * order of values: negative below 0, 0 for 0.
 *
 * @example
 * bucketsOf(0.01)(1_000).value // 1000.91126
 */
export function bucketsOf(error: number): (x: number) => Bucket {
  const alpha = error * (1 - ROUNDING);
  const gamma = (1 + alpha) / (1 - alpha);
  const perNatural = 1 / Math.log(gamma);
  const known = new Map<number, Bucket>();

  function bucket(code: number): Bucket {
    const i = Math.abs(code) - MIDDLE;
    // in two steps, since γ^i itself may be beyond a double
    const half = gamma ** (i / 2);
    const value = Number((((2 * half) / (gamma + 1)) * half).toPrecision(DIGITS)) * Math.sign(code);
    const made = { code: [code], value: Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value)) } as const;
    if (known.size >= REMEMBERED) known.clear();
    known.set(code, made);
    return made;
  }

  return (x) => {
    const code = x === 0 ? 0 : Math.sign(x) * (Math.ceil(Math.log(Math.abs(x)) * perNatural) + MIDDLE);
    return known.get(code) ?? bucket(code);
  };
}
