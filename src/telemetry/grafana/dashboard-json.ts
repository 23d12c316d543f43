import type { Dashboard, Panel, Query, Variable } from './panel.ts';

const HEIGHT = 8;
const WIDTH = 8;
const COLUMNS = 24;
export const PROMETHEUS = { type: 'prometheus', uid: 'scalestream-prometheus' } as const;
export const POSTGRES = { type: 'grafana-postgresql-datasource', uid: 'scalestream-postgres' } as const;

/** A dashboard in Grafana's classic model, which Grafana 10 and later read. */
export function dashboardJson({ uid, title, description, variables, rows }: Dashboard): string {
  const panels: object[] = [];
  let y = 0;
  for (const row of rows) {
    const at = { id: panels.length + 1, gridPos: { x: 0, y, w: COLUMNS, h: 1 } };
    panels.push({ ...at, type: 'row', title: row.title, collapsed: false, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? WIDTH;
      if (x + w > COLUMNS) {
        x = 0;
        y += HEIGHT;
      }
      panels.push({ id: panels.length + 1, gridPos: { x, y, w, h: HEIGHT }, ...panelJson(panel) });
      x += w;
    }
    y += HEIGHT;
  }
  const dashboard = {
    uid,
    title,
    description,
    tags: ['scalestream'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'utc',
    templating: { list: variables.map(variableJson) },
    links: [{ type: 'dashboards', tags: ['scalestream'], title: 'ScaleStream', asDropdown: true, keepTime: true }],
    annotations: { list: [] },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function panelJson({ title, description, kind, unit, queries, stacked = false, red }: Panel) {
  const steps = [{ color: 'green', value: null }, ...(red === undefined ? [] : [{ color: 'red', value: red }])];
  return {
    type: kind,
    title,
    description,
    datasource: typeof queries === 'string' ? POSTGRES : PROMETHEUS,
    targets:
      typeof queries === 'string' ? [statementJson(queries, kind)] : queries.map((each, i) => queryJson(each, i, kind)),
    fieldConfig: {
      defaults: {
        unit,
        ...(unit === 'percentunit' ? { min: 0, max: 1 } : {}),
        thresholds: { mode: 'absolute', steps },
        color: { mode: kind === 'timeseries' ? 'palette-classic' : 'thresholds' },
        ...(kind === 'timeseries'
          ? {
              custom: {
                fillOpacity: stacked ? 30 : 8,
                stacking: { mode: stacked ? 'normal' : 'none' },
                showPoints: 'never',
              },
            }
          : {}),
      },
      overrides: [],
    },
    options: OPTIONS[kind],
  };
}

const REDUCED = { calcs: ['lastNotNull'], fields: '', values: false };
const OPTIONS: Readonly<Record<Panel['kind'], object>> = {
  timeseries: {
    legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
  stat: { reduceOptions: REDUCED, colorMode: 'value', graphMode: 'area' },
  bargauge: { reduceOptions: REDUCED, orientation: 'horizontal', displayMode: 'gradient' },
  table: { showHeader: true },
};

const queryJson = ({ expr, legend }: Query, i: number, kind: Panel['kind']) => ({
  refId: String.fromCharCode(65 + i),
  datasource: PROMETHEUS,
  expr,
  legendFormat: legend,
  range: kind === 'timeseries',
  instant: kind !== 'timeseries',
  ...(kind === 'table' ? { format: 'table' } : {}),
});

const statementJson = (rawSql: string, kind: Panel['kind']) => ({
  refId: 'A',
  datasource: POSTGRES,
  format: kind === 'timeseries' ? 'time_series' : 'table',
  rawQuery: true,
  editorMode: 'code',
  rawSql,
});

const variableJson = ({ name, metric, label }: Variable) => ({
  name,
  type: 'query',
  datasource: PROMETHEUS,
  query: { query: `label_values(${metric}, ${label})`, refId: name },
  definition: `label_values(${metric}, ${label})`,
  includeAll: true,
  multi: true,
  allValue: '.*',
  current: { text: 'All', value: '$__all' },
  refresh: 2,
  sort: 1,
});
