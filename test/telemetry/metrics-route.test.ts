import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { telemetrySettings } from '../../src/cli/open-telemetry.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { metricsApi } from '../../src/server/app.ts';
import { readDatabase } from '../../src/server/read-database.ts';
import { serverCounts } from '../../src/server/server-counts.ts';
import { asTokens } from '../../src/server/tokens.ts';
import { METRICS_TYPE, serveMetrics } from '../../src/telemetry/metrics-server.ts';

const sha256 = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const TOKENS = asTokens({
  tokens: [
    { name: 'prometheus', sha256: sha256('reads'), scopes: ['read'] },
    { name: 'branch', sha256: sha256('bound'), scopes: ['read'], keys: { country: ['DE'] } },
    { name: 'till', sha256: sha256('sends'), scopes: ['ingest'] },
  ],
});
const metrics = async (): Promise<string> => 'a 1\n';

/** No question of these tests is one for the database. */
function api(options: Partial<Parameters<typeof metricsApi>[0]> = {}) {
  const database = readDatabase({ url: 'postgres://localhost:1/none' });
  onTestFinished(() => database.close());
  return metricsApi({ pipelines: [storefront], database, ...options });
}

test('metrics are at the API for tokens that may read everything, and for no others', async () => {
  const app = api({ tokens: TOKENS, metrics });
  const asked = (secret: string) => app.request('/metrics', { headers: { authorization: `Bearer ${secret}` } });
  const answer = await asked('reads');
  expect([answer.status, await answer.text(), answer.headers.get('content-type')]).toEqual([
    200,
    'a 1\n',
    METRICS_TYPE,
  ]);
  expect((await asked('sends')).status).toBe(403);
  expect((await asked('bound')).status).toBe(403);
  expect((await asked('none')).status).toBe(401);
  expect((await app.request('/metrics')).status).toBe(401);
});

test('an API without telemetry has no metrics', async () => {
  expect((await api().request('/metrics')).status).toBe(404);
});

test('requests are counted by the pattern of their route, never by what somebody asked for', async () => {
  const counts = serverCounts();
  const app = api({ counts });
  await app.request('/v1/pipelines/secret-name');
  await app.request('/secret-path');
  await app.request('/livez');
  await app.request('/livez');
  await app.request('/livez', { method: 'BREW' });
  const seen = counts.requests().map(({ method, route, status, seconds }) => ({
    what: `${method} ${route} ${status}`,
    times: seconds.counts.reduce((sum, n) => sum + n, 0),
  }));
  expect(seen).toContainEqual({ what: 'GET /v1/pipelines/:pipeline 404', times: 1 });
  expect(seen).toContainEqual({ what: 'GET /livez 200', times: 2 });
  expect(JSON.stringify(seen)).not.toContain('secret');
  expect(JSON.stringify(seen)).not.toContain('BREW');
});

test('a port of its own serves metrics and nothing else; one that is taken is said', async () => {
  const server = await serveMetrics(metrics, { port: 0 });
  onTestFinished(() => server.close());
  const answer = await fetch(server.url);
  expect([await answer.text(), answer.headers.get('content-type')]).toEqual(['a 1\n', METRICS_TYPE]);
  expect((await fetch(new URL('/', server.url))).status).toBe(404);
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(404);
  await expect(serveMetrics(metrics, { port: Number(new URL(server.url).port) })).rejects.toThrow(
    /--metrics-port \d+: expected a port that is free/,
  );
});

test('flags of telemetry that cannot work are said', () => {
  expect(telemetrySettings({ 'metrics-port': '9464' }, {})).toEqual({
    port: 9464,
    host: '127.0.0.1',
    endpoint: undefined,
  });
  expect(() => telemetrySettings({ 'metrics-port': '70000' }, {})).toThrow('--metrics-port: expected 0 to 65535');
  expect(() => telemetrySettings({ 'metrics-port': '1', 'metrics-host': 'here' }, {})).toThrow('--metrics-host');
  expect(() => telemetrySettings({ 'metrics-host': '0.0.0.0' }, {})).toThrow('--metrics-port with it');
  expect(() => telemetrySettings({}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'ftp://secret' })).toThrow(
    /^((?!secret).)*OTEL_EXPORTER_OTLP_ENDPOINT((?!ftp).)*$/,
  );
});
