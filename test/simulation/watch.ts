import { type LabelOracle, labelOracle } from './label-oracle.ts';
import { type Oracle, oracle } from './oracle.ts';
import { isLie } from './faulty-queue.ts';
import { isRefused } from './simulated-pipeline.ts';
import type { Stage } from './stage.ts';
import { type WatermarkOracle, watermarkOracle } from './watermark-oracle.ts';

/** Everything that watches a run. */
export interface Watch {
  readonly events: Oracle;
  readonly labels: LabelOracle;
  readonly marks: WatermarkOracle;
  /** What a watcher throws must end the run, not the call in which it happened: it is kept, and thrown by `complain`. */
  checked<A extends unknown[]>(check: (...args: A) => void): (...args: A) => void;
  broken(error: unknown): void;
  /** @throws the first error there was. */
  complain(): void;
}

export function watchOf({ store, scenario, storeClock, lifeMs, sentBefore }: Stage): Watch {
  const { skew, receives } = scenario;
  const isTruthful = !receives.some(isLie);
  const events = oracle(store, scenario, isRefused);
  let first: { readonly error: unknown } | undefined;
  const broken = (error: unknown): void => void (first ??= { error });
  return {
    events,
    labels: labelOracle(store, scenario),
    marks: watermarkOracle({ store, now: storeClock.now, skew, lifeMs, isSafe: events.isSafe, isTruthful, sentBefore }),
    checked:
      (check) =>
      (...args) => {
        try {
          check(...args);
        } catch (error) {
          broken(error);
        }
      },
    broken,
    complain() {
      if (first) throw first.error;
    },
  };
}
