import { randomUUID } from 'node:crypto';
import { countDelays, noDelays } from '../../delays.ts';
import { StoreError, undeclared } from '../../errors.ts';
import { type Micros, MICROS_PER_MS } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Outcome, Store } from '../../store.ts';
import { enter } from './enter.ts';
import { fenced } from './fenced.ts';
import { classify, isMissingPartition } from './classify.ts';
import { comparer } from './comparison.ts';
import { type Connection, connect } from './connect.ts';
import { type FlushContext, flushParameters } from './flush-parameters.ts';
import { inFlushSpan } from './in-flush-span.ts';
import { migrate } from './migrate.ts';
import { partitions } from './partitions.ts';
import { flushStatement } from './statement.ts';
import { type Target, targetOf } from './target.ts';
import { timeline } from './timeline.ts';

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; see `targetOf` for TLS. */
  readonly url: string;
  /** Most connections of this process. Default 4. */
  readonly connections?: number;
  /** Limit of one statement in milliseconds. Default 5,000. */
  readonly statementMs?: number;
}

export interface OpenOptions {
  /** Name of the worker, for people: two may have the same. */
  readonly worker: string;
  /** Names of its sources: the watermark waits for each that ever was one. Default: none. */
  readonly sources?: readonly string[];
  /** What tells the queues behind them from all others. Default: none. */
  readonly queues?: readonly string[];
  /**
   * How long after its last sign of life the worker counts as alive, milliseconds: until the queue has delivered again what it held. Default 75,000: the
   * default visibility timeout and 15 s.
   */
  readonly lifeMs?: number;
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
    open: (pipeline, options) => openStore({ connection, target }, pipeline, options),
    close: () => connection.end(),
  };
}

const MIGRATION_MS = 30_000;

const rethrow = (pipeline: Pipeline) => (error: unknown) => {
  throw classify(error, pipeline.events.name);
};

async function openStore(
  { connection, target }: { readonly connection: Connection; readonly target: Target },
  pipeline: Pipeline,
  { worker, sources = [], queues = [], lifeMs = 75_000 }: OpenOptions,
): Promise<Store> {
  const { lateness } = pipeline.events;
  const instance = randomUUID();
  const delays = noDelays();
  const statement = flushStatement(pipeline);
  const days = partitions(connection, pipeline.events.name);
  const compare = comparer(connection, pipeline);
  const declared = new Set(pipeline.windows.map((table) => table.name));
  let { horizon, frontier } = await readFence(connection, pipeline).catch(rethrow(pipeline));
  const entering = { instance, worker, sources, queues, lifeMs };
  await enter(connection, pipeline, entering).catch(rethrow(pipeline));

  const flush = async (parameters: (string | null)[]): Promise<Outcome> => {
    const [row] = await connection.run<FlushRow>(statement, parameters);
    if (row?.fenced === 1) return outcomeOf(row);
    ({ horizon, frontier } = await readFence(connection, pipeline));
    throw new StoreError(
      'horizon',
      'horizon',
      'the retention horizon, or which windows are final, is not what this flush knew',
    );
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
      const bound = (frontier ?? 0) + (lateness * MICROS_PER_MS) / 2;
      try {
        const into = { table: pipeline.events.name, target };
        const outcome = await inFlushSpan(given, into, async (trace) => {
          const context: FlushContext = { instance, lifeMs, horizon, bound, trace };
          await days.ensure(given.entries);
          return await flush(flushParameters(pipeline, given, context));
        });
        countDelays(delays, given.entries);
        return outcome;
      } catch (error) {
        if (isMissingPartition(error)) {
          days.forget();
          throw new StoreError('retry', 'partition', 'a partition was dropped beneath the flush', { cause: error });
        }
        throw classify(error, pipeline.events.name);
      }
    },
    compare: (entries) => compare(entries).catch(rethrow(pipeline)),
    time: timeline(connection, pipeline, {
      entering,
      delays: () => delays,
      onWatermark(watermark) {
        if (watermark !== undefined) frontier = watermark - lateness * MICROS_PER_MS;
      },
    }),
  };
}

/** What the statement answers. */
type FlushRow = Omit<Outcome, 'windows' | 'repeats'> & {
  readonly fenced: number;
  readonly windows: string;
  /** Positions from 1. */
  readonly repeats: string | null;
};

const outcomeOf = ({ fresh, late, diverted, windows, rejects, repeats }: FlushRow): Outcome => ({
  fresh,
  late,
  diverted,
  windows: Number(windows),
  rejects,
  repeats: repeats?.split(',').map((position) => Number(position) - 1) ?? [],
});

/** What a flush must know of time. */
interface Fence {
  readonly horizon: Micros;
  /** Windows that end here or before are final; `undefined`: none is. */
  readonly frontier: Micros | undefined;
}

/** The horizon and the frontier in force, if this version of the pipeline is. */
async function readFence(connection: Connection, pipeline: Pipeline): Promise<Fence> {
  const { name, version, events } = pipeline;
  const frontier = events.late === 'divert' ? 't.frontier' : `w.watermark - interval '${events.lateness} milliseconds'`;
  const [row] = await connection.run<{ version: string; horizon: string | null; frontier: string | null }>(
    `select p.version, (extract(epoch from t.horizon) * 1000000)::bigint::text as horizon, (extract(epoch from ${frontier}) * 1000000)::bigint::text as frontier
     from scalestream.pipelines p left join scalestream.tables t on t.name = $2::text left join scalestream.watermarks w on w.pipeline = p.name
     where p.name = $1::text`,
    [name, events.name],
  );
  if (row?.version === version && row.horizon !== null)
    return { horizon: Number(row.horizon), frontier: row.frontier === null ? undefined : Number(row.frontier) };
  throw fenced(pipeline, row?.version);
}
