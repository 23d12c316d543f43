import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { observeWorker, openTelemetry } from '../../src/cli/open-telemetry.ts';
import storefront from '../../src/pipelines/storefront.ts';
import type { Watcher } from './work.ts';

/** As `deploy/prometheus.yaml` has it: oftener than most do. */
const SCRAPE_MS = 5_000;
/** Spans are sent at most so long after they end: what that takes is loaded with the first. */
const EXPORTED_MS = 6_000;

/** Telemetry of a worker of the storefront, scraped every five seconds. `endpoint`: where traces go; absent: none are made. */
export const observed = (endpoint?: string) => async (): Promise<Watcher> => {
  const telemetry = await openTelemetry({ port: undefined, host: '127.0.0.1', endpoint }, true, console.error);
  if (!telemetry) throw new Error('no telemetry');
  await telemetry.metrics();
  if (endpoint !== undefined) {
    trace.getTracer('bench').startSpan('warm-up').end();
    await wait(EXPORTED_MS);
  }
  let scrape: NodeJS.Timeout | undefined;
  return {
    async watch(open) {
      await observeWorker(telemetry, storefront, open);
      scrape = setInterval(() => void telemetry.metrics(), SCRAPE_MS);
    },
    async close() {
      clearInterval(scrape);
      await telemetry.stop();
    },
  };
};
