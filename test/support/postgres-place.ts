import postgres from 'postgres';
import { measureColumns } from '../../src/sinks/postgres/readings.ts';
import { type Database, postgresDatabase, type PostgresOptions } from '../../src/sinks/postgres/postgres.ts';
import type { StoreUnderTest } from '../contracts/store-under-test.ts';
import { freshDatabase, untilUp } from './database.ts';

/** A database of its own for a test, and an observer's connection that no fault reaches. */
export interface PostgresPlace extends StoreUnderTest {
  readonly url: string;
  /** Runs statements as an observer, in text. */
  query<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
  /** A session of its own, for transactions that hold locks; ended with the place. */
  session(): (text: string) => Promise<Record<string, unknown>[]>;
  /** Resolves when so many statements wait for a lock. Rejects when they do not within `withinMs`, 30 s if not given. */
  waiting(statements: number, withinMs?: number): Promise<void>;
  /** A process's view of the database; closed with the place. */
  database(options?: Partial<PostgresOptions>): Database;
}

const inIso = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as ${column}`;

/** @param server the URL of the server; default: the run's. */
export async function postgresPlace(server?: string): Promise<PostgresPlace> {
  const { url, drop } = await freshDatabase(server);
  const observer = postgres(url, { max: 2, fetch_types: false, onnotice: () => undefined });
  const databases: Database[] = [];
  const sessions: postgres.Sql[] = [];
  const query = <Row extends object>(text: string): Promise<Row[]> =>
    untilUp(async () => [...(await observer.unsafe<Row[]>(text))]);
  const database: PostgresPlace['database'] = (options) => {
    const made = postgresDatabase({ url, ...options });
    databases.push(made);
    return made;
  };
  return {
    url,
    query,
    database,
    session() {
      const own = postgres(url, { max: 1, fetch_types: false, onnotice: () => undefined });
      sessions.push(own);
      return async (text) => [...(await own.unsafe(text))];
    },
    async waiting(statements, withinMs = 30_000) {
      const count = `select count(*) as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      const until = performance.now() + withinMs;
      for (;;) {
        const [row] = await query<{ n: string }>(count);
        if (Number(row?.n) >= statements) return;
        if (performance.now() < until) continue;
        throw new Error(`expected ${statements} statements that wait for a lock; got ${row?.n} within ${withinMs} ms`);
      }
    },
    async open(pipeline, worker = 'worker') {
      const own = database({ connections: 2 });
      await own.migrate(pipeline);
      return own.open(pipeline, { worker });
    },
    async windows(table) {
      const rows = await query<Record<string, string>>(`
        select ${inIso('window_start')}${table.window.kind === 'session' ? `, ${inIso('window_end')}` : ''}
          ${Object.keys(table.key)
            .map((column) => `, "${column}"::text`)
            .join('')}
          ${measureColumns(table)
            .map(({ column, type }) =>
              type === 'numeric' ? `, trim_scale("${column}")::text as "${column}"` : `, "${column}"::text`,
            )
            .join('')}
        from "${table.name}_windows" order by ${['window_start', ...Object.keys(table.key)].map((column) => `"${table.name}_windows"."${column}"`).join(', ')}`);
      return rows.map((row) => ({ ...row }));
    },
    async events(table) {
      const [row] = await query<{ n: string }>(`select count(*) as n from "${table.name}" where counted`);
      return Number(row?.n);
    },
    async rejects() {
      const rows = await query<{ reason: string; detail: string; ordinal: number; body: string }>(
        `select reason, detail, ordinal, encode(body, 'hex') as body from scalestream.rejects order by ordinal, body`,
      );
      return rows.map((row) => ({ ...row, body: Buffer.from(row.body, 'hex').toString() }));
    },
    async moveHorizon(table, to) {
      await query(`lock table scalestream.tables in exclusive mode;
        update scalestream.tables set horizon = greatest(horizon, to_timestamp(${to / 1_000})) where name = '${table.name}'`);
    },
    async close() {
      await Promise.all(databases.map((one) => one.close()));
      await Promise.all([observer, ...sessions].map((one) => one.end()));
      await drop();
    },
  };
}
