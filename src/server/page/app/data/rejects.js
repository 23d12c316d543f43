import { signal } from '../ui.js';
import { pipelineName } from './choice.js';
import { link } from './link.js';
import { resource } from './resource.js';

const LISTED = '20';

/** Whether bodies are shown: they may hold what not everybody should see over one's shoulder. */
export const withBodies = signal(false);

/** The latest rejects, of the chosen reason. */
export const rejects =
  /** @type {import('@preact/signals').ReadonlySignal<import('./resource.js').Asked<{ data: readonly import('./answers.js').Reject[] }>>} */ (
    resource(
      () =>
        pipelineName.value ? JSON.stringify([pipelineName.value, link.value.reason, withBodies.value]) : undefined,
      () => {
        const { reason } = link.value;
        const query = new URLSearchParams({
          limit: LISTED,
          body: String(withBodies.value),
          ...(reason ? { reason } : {}),
        });
        return `v1/pipelines/${encodeURIComponent(pipelineName.value ?? '')}/rejects?${query}`;
      },
      3_000,
    )
  );
