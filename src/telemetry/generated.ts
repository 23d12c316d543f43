import type { Pipeline } from '../pipeline.ts';
import { dashboardJson } from './grafana/dashboard-json.ts';
import { fleet } from './grafana/fleet.ts';
import { pipeline } from './grafana/pipeline.ts';
import { windowData } from './grafana/window-data.ts';
import { worker } from './grafana/worker.ts';
import { metricsReference } from './reference.ts';
import { rulesYaml } from './rules-yaml.ts';

/** Dashboards that are the same whatever is declared. */
export const DASHBOARDS = { fleet, pipeline, worker } as const;

/** All files that are made of the registry, by their paths; `windows` are of the pipelines whose windows have a dashboard of their own. */
export function generated(windows: readonly Pipeline[]): ReadonlyMap<string, string> {
  return new Map([
    ['docs/METRICS.md', metricsReference()],
    ['deploy/alerts.yaml', rulesYaml()],
    ...Object.entries(DASHBOARDS).map(
      ([name, dashboard]) => [`deploy/grafana/dashboards/${name}.json`, dashboardJson(dashboard)] as const,
    ),
    ...windows.map(
      (each) => [`deploy/grafana/dashboards/windows-${each.name}.json`, dashboardJson(windowData(each))] as const,
    ),
  ]);
}
