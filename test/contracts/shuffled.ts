/** A copy in another order, the same for the same seed. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  const copy = [...values];
  let state = seed * 2_654_435_761;
  for (let i = copy.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
