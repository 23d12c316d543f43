import { observeWorker, openTelemetry } from '../../src/cli/open-telemetry.ts';
import type { OpenWorker } from '../../src/cli/open-worker.ts';
import storefront from '../../src/pipelines/storefront.ts';

/** Scraped oftener than anybody would: its cost is above what it is in production. */
const SCRAPE_MS = 1_000;

/** Telemetry of a worker of the storefront, scraped each second. `endpoint`: where traces go; absent: none are made. */
export const observed =
  (endpoint?: string) =>
  async (open: OpenWorker): Promise<() => Promise<void>> => {
    const telemetry = await openTelemetry({ port: undefined, host: '127.0.0.1', endpoint }, true);
    if (!telemetry) throw new Error('no telemetry');
    await observeWorker(telemetry, storefront, open);
    const scrape = setInterval(() => void telemetry.metrics(), SCRAPE_MS);
    return async () => {
      clearInterval(scrape);
      await telemetry.stop();
    };
  };
