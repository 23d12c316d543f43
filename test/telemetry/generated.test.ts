import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import storefront from '../../src/pipelines/storefront.ts';
import { ALERTS, anchorOf } from '../../src/telemetry/alerts.ts';
import { DASHBOARDS, generated } from '../../src/telemetry/generated.ts';
import { POSTGRES, PROMETHEUS } from '../../src/telemetry/grafana/dashboard-json.ts';
import type { Panel } from '../../src/telemetry/grafana/panel.ts';
import { windowData } from '../../src/telemetry/grafana/window-data.ts';
import type { Metric } from '../../src/telemetry/metric.ts';
import { METRICS } from '../../src/telemetry/registry.ts';

const ROOT = join(import.meta.dirname, '../..');
const file = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

test.each([...generated([storefront])])('%s is what the registry says: npm run generate', (path, text) => {
  expect(file(path)).toBe(text);
});

test('every metric has a name of its own, and no label that could hold a key, an id or a body', () => {
  const all = Object.values<Metric>(METRICS);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  const labels = new Set(all.flatMap((metric) => Object.keys(metric.labels)));
  expect([...labels].toSorted()).toEqual([
    'age',
    'branch',
    'cpu.mode',
    'db.collection.name',
    'db.operation.name',
    'db.system.name',
    'error.type',
    'http.request.method',
    'http.response.status_code',
    'http.route',
    'kind',
    'messaging.destination.name',
    'messaging.operation.name',
    'messaging.system',
    'outcome',
    'pipeline',
    'reason',
    'source',
    'stage',
    'state',
    'table',
    'url.scheme',
  ]);
  for (const { kind, bounds } of all) {
    expect(bounds !== undefined).toBe(kind === 'histogram');
    expect(bounds ?? []).toEqual((bounds ?? []).toSorted((a, b) => a - b));
  }
});

test('every alert has a chapter in the runbook, and every chapter an alert', () => {
  const chapters = [...file('docs/RUNBOOK.md').matchAll(/^### (ScaleStream\w+)$/gm)].map(([, name = '']) => name);
  expect(chapters.toSorted()).toEqual(ALERTS.map(({ name }) => name).toSorted());
  for (const alert of ALERTS) expect(file('deploy/alerts.yaml')).toContain(`docs/RUNBOOK.md#${anchorOf(alert)}\n`);
});

test('dashboards ask data sources that are provisioned, panels lie side by side, and each says what it answers', () => {
  const { datasources } = parse(file('deploy/grafana/provisioning/datasources/scalestream.yaml')) as {
    datasources: { type: string; uid: string }[];
  };
  const provisioned = datasources.map(({ type, uid }) => ({ type, uid }));
  expect(provisioned).toEqual(expect.arrayContaining([PROMETHEUS, POSTGRES]));
  for (const [path, text] of generated([storefront])) {
    if (!path.endsWith('.json')) continue;
    const { panels, uid } = JSON.parse(text) as { panels: PanelJson[]; uid: string };
    expect(uid.length).toBeLessThanOrEqual(40);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = new Set<string>();
    for (const { gridPos, type, title, description, datasource } of panels) {
      const { x, y, w, h } = gridPos;
      expect(x + w).toBeLessThanOrEqual(24);
      for (let i = x; i < x + w; i++)
        for (let j = y; j < y + h; j++) {
          expect(cells.has(`${i},${j}`), `${title} overlaps`).toBe(false);
          cells.add(`${i},${j}`);
        }
      if (type === 'row') continue;
      expect(provisioned).toContainEqual(datasource);
      expect(description.length).toBeGreaterThan(0);
    }
  }
});

interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly datasource: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

test('panels of one dashboard have titles of their own', () => {
  for (const { rows } of [...Object.values(DASHBOARDS), windowData(storefront)]) {
    for (const { panels } of rows) {
      const titles = panels.map(({ title }: Panel) => title);
      expect(new Set(titles).size).toBe(titles.length);
    }
  }
});

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
}

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
}

const compose = (): Compose => parse(file('deploy/compose.yaml'), { merge: true }) as Compose;

test('the compose file has what it promises: every image has a version, every mounted file is there, every port is of this machine alone', () => {
  const { services } = compose();
  expect(Object.keys(services)).toEqual(
    expect.arrayContaining([
      'queue',
      'database',
      'worker-1',
      'worker-2',
      'api',
      'collector',
      'tempo',
      'prometheus',
      'grafana',
    ]),
  );
  for (const [name, { image = '', build, volumes = [], ports = [], depends_on = {} }] of Object.entries(services)) {
    if (build) {
      expect(existsSync(join(ROOT, 'deploy', build.context, build.dockerfile)), name).toBe(true);
    } else expect(image, name).toMatch(/^[\w./-]+:[\w.-]*\d/);
    for (const volume of volumes) {
      const [from = '', , mode] = volume.split(':');
      expect(existsSync(join(ROOT, 'deploy', from)), `${name} mounts ${from}`).toBe(true);
      expect(mode).toBe('ro');
    }
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const other of Object.keys(depends_on)) expect(Object.keys(services)).toContain(other);
  }
});

test('what is scraped, sent and asked leads to services of the compose file, at ports where they listen', () => {
  const { services } = compose();
  const known = Object.keys(services);
  const { scrape_configs: jobs } = parse(file('deploy/prometheus.yaml')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const targets = jobs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
  for (const target of targets) {
    const [host = '', port = ''] = target.split(':');
    expect(services[host]?.command).toContain(port);
  }
  const hosts = [
    'deploy/collector.yaml',
    'deploy/tempo.yaml',
    'deploy/grafana/provisioning/datasources/scalestream.yaml',
    'deploy/compose.yaml',
  ]
    .flatMap((path) => [...file(path).matchAll(/https?:\/\/([a-z][\w-]*):\d+/g)])
    .map(([, host]) => host)
    .filter((host) => host !== 'localhost');
  expect(hosts.length).toBeGreaterThan(3);
  expect(hosts.filter((host) => !known.includes(host ?? ''))).toEqual([]);
});
