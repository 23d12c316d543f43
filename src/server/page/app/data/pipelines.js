import { resource } from './resource.js';

/** All pipelines, in short. */
export const pipelines =
  /** @type {import('@preact/signals').ReadonlySignal<import('./resource.js').Asked<{ data: readonly import('./answers.js').Summary[] }>>} */ (
    resource(
      () => 'pipelines',
      () => 'v1/pipelines',
      5_000,
    )
  );
