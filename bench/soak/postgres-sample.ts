import type { Connection } from '../../src/sinks/postgres/connect.ts';

/** A table at one moment. */
export interface TableSample {
  readonly name: string;
  readonly rows: number;
  readonly dead: number;
  /** With its indexes. */
  readonly bytes: number;
}

/** The database at one moment. */
export interface PostgresSample {
  readonly seconds: number;
  /** Connections of workers. */
  readonly connections: number;
  readonly databaseMb: number;
  readonly tables: readonly TableSample[];
}

/** Tables whose rows are counted exactly: windows, and the engine's own. The raw events are their partitions' sum, by estimate. */
const COUNTED = ['product_trade', 'country_sales', 'scalestream.workers', 'scalestream.rejects', 'scalestream.revised'];

const QUERY = `
select (select count(*) from pg_stat_activity where application_name = 'scalestream' and pid <> pg_backend_pid())::text as connections,
  (pg_database_size(current_database()) / 1048576.0)::text as mb,
  (select json_agg(json_build_object('name', t.name, 'rows', t.rows, 'dead', s.n_dead_tup, 'bytes', pg_total_relation_size(t.name::regclass)))
   from (${COUNTED.map((name) => `select '${name}' as name, (select count(*) from ${name}) as rows`).join(' union all ')}) t
   join pg_stat_all_tables s on s.relid = t.name::regclass)::text as tables`;

/** Looks at the storefront's tables. */
export async function postgresSample(connection: Connection, seconds: number): Promise<PostgresSample> {
  const [row] = await connection.run<{ connections: string; mb: string; tables: string }>(QUERY);
  return {
    seconds,
    connections: Number(row?.connections),
    databaseMb: Number(row?.mb),
    tables: JSON.parse(row?.tables ?? '[]') as TableSample[],
  };
}
