import { StoreError, undeclared } from '../../errors.ts';
import { type Micros, MICROS_PER_MS } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Outcome, Store } from '../../store.ts';
import { classify, isMissingPartition } from './classify.ts';
import { type Connection, connect } from './connect.ts';
import { type FlushContext, flushParameters } from './flush-parameters.ts';
import { migrate } from './migrate.ts';
import { partitions } from './partitions.ts';
import { flushStatement } from './statement.ts';
import { targetOf } from './target.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; see `targetOf` for TLS. */
  readonly url: string;
  /** Most connections of this process. Default 4. */
  readonly connections?: number;
  /** Limit of one statement in milliseconds. Default 5,000. */
  readonly statementMs?: number;
}

export interface OpenOptions {
  /** Name of the worker: its progress row. */
  readonly worker: string;
  /** When the oldest message in custody was sent, milliseconds since 1970. */
  readonly oldestHeld?: () => number | undefined;
}

/** A Postgres database, version 14 or later. */
export interface Database {
  /** Creates or updates a pipeline's tables. See {@link migrate}. */
  migrate(pipeline: Pipeline): Promise<void>;
  /** Opens the store of one pipeline for one worker. */
  open(pipeline: Pipeline, options: OpenOptions): Promise<Store>;
  readonly connection: Connection;
  close(): Promise<void>;
}

/**
 * A store in Postgres: raw events, windows, rejects and progress in one statement a flush.
 *
 * Delivery: exact. Each event (event id and event time) counts exactly once in each window, within the retention horizon. A crash leaves all of a
 * flush or nothing; a repeated flush finds its events there and changes nothing.
 *
 * @throws ConfigError for a URL that cannot work.
 * @example
 * const database = postgresDatabase({ url: 'postgres://localhost/shop' });
 * await database.migrate(storefront);
 * const store = await database.open(storefront, { worker: 'a' });
 */
export function postgresDatabase({ url, connections = 4, statementMs }: PostgresOptions): Database {
  const target = targetOf(url);
  const connection = connect(target, { max: connections, ...(statementMs ? { statementMs } : {}) });
  return {
    connection,
    async migrate(pipeline) {
      // DDL waits for flushes and readers: a statement's time would be too short for it.
      const patient = connect(target, { max: 1, statementMs: MIGRATION_MS });
      try {
        await migrate(patient, pipeline);
      } catch (error) {
        throw classify(error, pipeline.events.name);
      } finally {
        await patient.end();
      }
    },
    open: (pipeline, options) => openStore(connection, pipeline, options),
    close: () => connection.end(),
  };
}

const MIGRATION_MS = 30_000;

const rethrow = (pipeline: Pipeline) => (error: unknown) => {
  throw classify(error, pipeline.events.name);
};

async function openStore(
  connection: Connection,
  pipeline: Pipeline,
  { worker, oldestHeld = () => undefined }: OpenOptions,
): Promise<Store> {
  const statement = flushStatement(pipeline);
  const days = partitions(connection, pipeline.events.name);
  const declared = new Set(pipeline.windows.map((table) => table.name));
  let horizon = await readFence(connection, pipeline).catch(rethrow(pipeline));

  const flush = async (parameters: (string | null)[]): Promise<Outcome> => {
    const [row] = await connection.run<Outcome & { fenced: number; windows: string }>(statement, parameters);
    if (row?.fenced === 1) return { fresh: row.fresh, windows: Number(row.windows), rejects: row.rejects };
    const before = horizon;
    horizon = await readFence(connection, pipeline);
    const moved = horizon === before ? '' : `: it moved to ${new Date(horizon / MICROS_PER_MS).toISOString()}`;
    throw new StoreError('horizon', 'horizon', `the retention horizon is not the one this flush knew${moved}`);
  };

  return {
    prepare(_, rehearsal) {
      for (const { table } of rehearsal) if (!declared.has(table.name)) throw undeclared(table.name);
    },
    horizon: () => horizon,
    async commit(given) {
      // The horizon may have moved since the caller looked, and this flush was made for the old one.
      if (given.entries.some((entry) => entry.time < horizon))
        throw new StoreError('horizon', 'horizon', 'an event is older than the retention horizon');
      const context: FlushContext = { worker, horizon, oldestHeld: oldestHeld() };
      try {
        await days.ensure(given.entries);
        return await flush(flushParameters(pipeline, given, context));
      } catch (error) {
        if (isMissingPartition(error)) {
          days.forget();
          throw new StoreError('retry', 'partition', 'a partition was dropped beneath the flush', { cause: error });
        }
        throw classify(error, pipeline.events.name);
      }
    },
  };
}

/** The horizon in force, if this version of the pipeline is. */
async function readFence(connection: Connection, pipeline: Pipeline): Promise<Micros> {
  const [row] = await connection.run<{ version: string; horizon: string | null }>(
    `select p.version, (extract(epoch from t.horizon) * 1000000)::bigint::text as horizon
     from scalestream.pipelines p left join scalestream.tables t on t.name = $2 where p.name = $1`,
    [pipeline.name, pipeline.events.name],
  );
  if (row?.version === pipeline.version && row.horizon !== null) return Number(row.horizon);
  const came = row ? `version ${row.version} in the database` : 'no such pipeline in the database';
  const fix = row
    ? 'this worker is of another version: deploy it again, or run migrate'
    : 'run scalestream migrate first';
  throw new StoreError(
    'fenced',
    'fenced',
    `pipeline '${pipeline.name}': expected version ${pipeline.version}; got ${came}. Fix: ${fix}`,
  );
}
