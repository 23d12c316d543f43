import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect, inject, onTestFinished, vi } from 'vitest';
import { DASHBOARDS } from '../../src/telemetry/generated.ts';
import { inPrometheus, type Metric, prometheusName } from '../../src/telemetry/metric.ts';
import { METRICS } from '../../src/telemetry/registry.ts';
import { rulesYaml } from '../../src/telemetry/rules-yaml.ts';
import { command } from '../support/e2e-command.ts';
import { scene } from '../support/e2e-scene.ts';
import { postgresProxy } from '../support/postgres-proxy.ts';
import { freePort, prometheus, prometheusTest, promtool } from '../support/prometheus.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';

const PIPELINE = join(import.meta.dirname, 'observed-shop.ts');
const PATIENCE = { timeout: 90_000, interval: 500 };
/** As long as they must hold in production, nobody waits here: what is shown is that they fire, and on what. */
const atOnce = rulesYaml().replaceAll(/for: \w+/g, 'for: 0s');

const events = (count: number, agoMs: number): string[] =>
  Array.from({ length: count }, () =>
    JSON.stringify({ id: randomUUID(), at: new Date(Date.now() - agoMs).toISOString(), cents: 5 }),
  );

/** A worker process with an API, behind proxies that can misbehave, a second process that serves, and a Prometheus that scrapes both. */
async function observed() {
  const { sqsEndpoint } = inject('servers');
  const set = await scene();
  const calls = await sqsProxy(sqsEndpoint);
  const statements = await postgresProxy(set.database.url);
  onTestFinished(async () => {
    await Promise.all([calls.close(), statements.close()]);
  });
  const [own, api, other] = [await freePort(), await freePort(), await freePort()];
  const proxied = { ...set.env, AWS_ENDPOINT_URL_SQS: calls.endpoint, DATABASE_URL: statements.url };
  const worker = command(
    ['run', PIPELINE, '--visibility', '2s', '--metrics-port', `${own}`, '--port', `${api}`],
    proxied,
  );
  await worker.said(/serving/);
  const server = command(['serve', PIPELINE, '--port', `${other}`], set.env);
  await server.said(/serving/);
  const watcher = await prometheus([`127.0.0.1:${own}`, `127.0.0.1:${other}`], atOnce);
  return {
    ...set,
    calls,
    statements,
    worker,
    watcher,
    scrapeUrl: `http://127.0.0.1:${own}/metrics`,
    api: `http://127.0.0.1:${api}`,
  };
}

const asked = (expr: string): string =>
  expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$(pipeline|instance)/g, '.*');

prometheusTest(
  'Prometheus scrapes a worker and an API; no panel is empty, all metrics are known, and alerts fire on their faults',
  { timeout: 180_000 },
  async () => {
    const { queue, calls, statements, worker, watcher, scrapeUrl, api } = await observed();
    const firing = async (): Promise<string[]> => {
      const alerts = await watcher.alerts();
      expect(alerts.flatMap(({ annotations }) => Object.values(annotations)).join()).not.toContain('error expanding');
      return alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels['alertname'] ?? '');
    };
    const count = async (expr: string): Promise<number> => (await watcher.query(expr))[0]?.value ?? 0;
    await vi.waitFor(async () => expect(await count('sum(up)')).toBe(2), PATIENCE);
    await vi.waitFor(async () => expect(await count('sum(scalestream_database_up)')).toBe(2), PATIENCE);
    expect(await firing()).toEqual([]);

    // good ones, old ones, one twice, and one that is none
    const good = events(200, 0);
    await queue.send([...good, ...events(20, 60_000), ...good.slice(0, 1), '{"no":"event"}']);
    await fetch(`${api}/v1/pipelines`);
    const stream = await fetch(`${api}/v1/pipelines/observed/stream`);
    await vi.waitFor(
      async () => expect(await count('sum(scalestream_events_total{outcome="committed"})')).toBe(220),
      PATIENCE,
    );
    await vi.waitFor(async () => expect(await firing()).toContain('ScaleStreamOutboxFailing'), PATIENCE);

    // deletes fail for a while
    const heal = calls.fault('DeleteMessageBatch', () => true, {
      kind: 'error',
      status: 503,
      code: 'ServiceUnavailable',
    });
    await queue.send(events(50, 0));
    await vi.waitFor(
      async () =>
        expect(await count('sum(messaging_client_operation_duration_count{error_type!=""})')).toBeGreaterThan(0),
      PATIENCE,
    );
    heal();

    // Postgres is away
    await statements.door('refuse');
    statements.cutAll();
    await queue.send(events(50, 0));
    await vi.waitFor(async () => expect(await firing()).toContain('ScaleStreamStoreFailing'), PATIENCE);
    await statements.door('open');
    await vi.waitFor(async () => expect(await firing()).not.toContain('ScaleStreamStoreFailing'), PATIENCE);

    // nothing but poison
    await queue.send(Array.from({ length: 300 }, () => '{"no":"event"}'));
    await vi.waitFor(async () => expect(await firing()).toContain('ScaleStreamPoisonFlood'), PATIENCE);

    const text = await (await fetch(scrapeUrl)).text();
    expect(promtool(['check', 'metrics'], text)).toMatchObject({ status: 0, said: '' });
    expect(unknownOf(text)).toEqual([]);
    expect(missingOf(text)).toEqual([]);
    const panels = Object.values(DASHBOARDS).flatMap(({ rows }) => rows.flatMap((row) => row.panels));
    const queries = panels.flatMap(({ title, queries }) =>
      typeof queries === 'string' ? [] : queries.map(({ expr }) => ({ title, expr: asked(expr) })),
    );
    expect(queries.length).toBeGreaterThan(40);
    await vi.waitFor(async () => {
      const empty: string[] = [];
      for (const { title, expr } of queries)
        if ((await watcher.query(expr)).length === 0) empty.push(`${title}: ${expr}`);
      expect(empty).toEqual([]);
    }, PATIENCE);
    expect(await watcher.troubles()).toEqual([]);

    await stream.body?.cancel();
    // the worker dies; who is left knows it
    worker.child.kill('SIGKILL');
    await vi.waitFor(
      async () =>
        expect(await firing()).toEqual(
          expect.arrayContaining(['ScaleStreamTargetDown', 'ScaleStreamWorkerSilent', 'ScaleStreamNoWorker']),
        ),
      PATIENCE,
    );
  },
);

const registry = new Map(Object.values<Metric>(METRICS).map((metric) => [prometheusName(metric), metric]));
/** The metrics of a scrape, with the labels that their series have. */
const seriesOf = (text: string) =>
  [...text.matchAll(/^(\w+?)(?:_bucket|_count|_sum)?(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => ({ label, value })),
  }));

/** What a scrape has that the registry does not know: metrics of ours, labels, and values of closed lists. */
function unknownOf(text: string): string[] {
  return seriesOf(text)
    .filter(({ name }) => !/^(nodejs|v8js)_/.test(name))
    .flatMap(({ name, labels }) => {
      const metric = registry.get(name);
      if (!metric) return [name];
      const known = new Map(Object.entries(metric.labels).map(([label, values]) => [inPrometheus(label), values]));
      return labels
        .filter(({ label, value }) => {
          const values = known.get(label);
          return label !== 'le' && (values === undefined || (typeof values !== 'string' && !values.includes(value)));
        })
        .map(({ label, value }) => `${name}{${label}="${value}"}`);
    });
}

/** Metrics of the registry that a scrape does not have, and histograms without buckets. */
function missingOf(text: string): string[] {
  const there = new Set(seriesOf(text).map(({ name }) => name));
  return [...registry].flatMap(([name, { kind }]) => {
    if (!there.has(name)) return [name];
    return kind === 'histogram' && !text.includes(`${name}_bucket{`) ? [`${name}_bucket`] : [];
  });
}
