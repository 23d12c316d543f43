import { hc } from 'hono/client';
import type { MetricsApi } from './app.ts';

export interface MetricsClientOptions {
  readonly token?: string;
  /** In place of the global one: `app.request` in tests. */
  readonly fetch?: typeof fetch | MetricsApi['request'];
}

/**
 * A typed client of the API.
 *
 * @example
 * const client = metricsClient('http://localhost:8080', { token });
 * const answer = await client.v1.pipelines[':pipeline'].windows[':table'].$get({
 *   param: { pipeline: 'storefront', table: 'product_trade' }, query: { from: '2026-11-24T00:00:00Z', 'key.product': 'tea' },
 * });
 * const { data, meta } = await answer.json();
 */
export const metricsClient = (base: string, { token, fetch }: MetricsClientOptions = {}) =>
  hc<MetricsApi>(base, {
    ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    ...(fetch === undefined ? {} : { fetch: fetch as typeof globalThis.fetch }),
  });
