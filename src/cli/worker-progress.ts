import type { WorkerStats } from '../runtime/worker.ts';

/** Describes a worker in one line, with its rate since the last call; at first since `started`, by the clock of `performance`. */
export function workerProgress(
  stats: () => WorkerStats,
  oldestHeld: () => number | undefined,
  started = performance.now(),
): () => string {
  let last = { at: started, arrived: 0 };
  return () => {
    const now = stats();
    const arrived = arrivedOf(now);
    const at = performance.now();
    const rate = ((arrived - last.arrived) * 1_000) / Math.max(1, at - last.at);
    last = { at, arrived };
    const sent = oldestHeld();
    const lag = sent === undefined ? 0 : Math.max(0, Date.now() - sent) / 1_000;
    return [
      `in ${grouped(arrived)}`,
      `committed ${grouped(now.committed)}`,
      `duplicates ${grouped(now.duplicates)}`,
      `rejects ${grouped(now.rejected)}`,
      ...(now.late > 0 ? [`late ${grouped(now.late)}`] : []),
      ...(now.diverted > 0 ? [`diverted ${grouped(now.diverted)}`] : []),
      ...(now.filtered > 0 ? [`filtered ${grouped(now.filtered)}`] : []),
      `windows ${grouped(now.windows)}`,
      `lag ${lag.toFixed(1)} s`,
      `${grouped(Math.round(rate))} events/s`,
    ].join(' · ');
  };
}

/** Events that arrived and are settled, in whatever way. */
export const arrivedOf = (stats: WorkerStats): number =>
  stats.committed + stats.duplicates + stats.rejected + stats.filtered + stats.diverted;

export const grouped = (n: number): string => n.toLocaleString('en-US');
