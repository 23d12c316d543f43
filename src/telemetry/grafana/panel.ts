/** A query of a panel. */
export interface Query {
  readonly expr: string;
  /** How its series are called: `{{outcome}}`. */
  readonly legend: string;
}

/** What one panel shows. A question first: the title says what is answered. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly kind: 'timeseries' | 'stat' | 'bargauge' | 'table';
  /** Grafana's name of it: `s`, `bytes`, `percentunit`, `ops`, `short`. */
  readonly unit: string;
  /** Of Prometheus; or one statement of Postgres, whose columns are `time` and numbers, or rows of a table. */
  readonly queries: readonly Query[] | string;
  /** Of 24 columns. Default 8. */
  readonly width?: number;
  /** Drawn on top of each other, where parts make a whole. */
  readonly stacked?: boolean;
  /** Above it is red. */
  readonly red?: number;
}

/** Panels under a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** A drop-down at the top of a dashboard: the values of a label. */
export interface Variable {
  readonly name: string;
  /** A label of the metric whose values it offers. */
  readonly metric: string;
  readonly label: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly variables: readonly Variable[];
  readonly rows: readonly Row[];
}
