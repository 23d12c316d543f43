import type { AnyEvent, EventTable } from '../../event-table.ts';
import { messageOf, StoreError } from '../../errors.ts';
import { type Pipeline, shapeOf, type Table } from '../../pipeline.ts';
import type { Connection } from './connect.ts';
import { eventTableDdl, windowTableDdl } from './ddl.ts';
import { quoteName, quoteText } from './quote.ts';
import { SYSTEM_DDL } from './system.ts';

/**
 * Creates or updates the tables of a pipeline and moves its version fence, all in one implicit transaction. Idempotent; many processes may run
 * it at once. It refuses what would break `windows = fold(raw)`: another shape of a table that exists, a window table that joins when raw
 * events are there already.
 *
 * @throws StoreError `fatal`, saying which table and what to do.
 */
export async function migrate(connection: Connection, pipeline: Pipeline): Promise<void> {
  const tables = [pipeline.events, ...pipeline.windows];
  const script = [
    `select pg_advisory_xact_lock(hashtextextended('scalestream migrate', 0));`,
    SYSTEM_DDL,
    refusals(pipeline, tables),
    eventTableDdl(pipeline.events),
    ...pipeline.windows.map(windowTableDdl),
    ...tables.map((table) => register(pipeline.name, table)),
    `update scalestream.tables set retired_at = now() where pipeline = ${quoteText(pipeline.name)} and retired_at is null and name not in (${tables
      .map((table) => quoteText(table.name))
      .join(', ')});`,
    `insert into scalestream.pipelines (name, version) values (${quoteText(pipeline.name)}, ${quoteText(pipeline.version)})
     on conflict (name) do update set version = excluded.version, migrated_at = now() where pipelines.version <> excluded.version;`,
    partitionsAhead(pipeline.events),
  ];
  try {
    await connection.script(script.join('\n'));
  } catch (error) {
    if ((error as { code?: string }).code === REFUSED)
      throw new StoreError('fatal', 'migrate', messageOf(error), { cause: error });
    throw error;
  }
}

/** SQLSTATE of a refused migration: a class of our own. */
const REFUSED = 'SS001';

function refusals(pipeline: Pipeline, tables: readonly Table[]): string {
  const name = quoteText(pipeline.name);
  const checks = tables.map((table) => {
    const [table_, shape] = [quoteText(table.name), quoteText(JSON.stringify(shapeOf(table)))];
    return `
  select * into known from scalestream.tables where tables.name = ${table_};
  if found and known.pipeline <> ${name} then
    raise exception using errcode = '${REFUSED}', message = format('table %s belongs to pipeline %s. Fix: give it another name', ${table_}, known.pipeline);
  end if;
  if found and known.shape <> ${shape}::jsonb then
    raise exception using errcode = '${REFUSED}', message = format('table %s exists with another declaration: expected %s; got %s. Fix: give the changed table a new name', ${table_}, known.shape, ${shape});
  end if;${
    table.kind === 'events'
      ? ''
      : `
  if (not found or known.retired_at is not null) and to_regclass(${quoteText(quoteName(pipeline.events.name))}) is not null then
    execute 'select exists (select from ${quoteName(pipeline.events.name).replaceAll("'", "''")})' into populated;
    if populated then
      raise exception using errcode = '${REFUSED}', message = format('window table %s would miss the events that ${pipeline.events.name} holds already. Fix: declare it with a new event table', ${table_});
    end if;
  end if;`
  }`;
  });
  return `do $$ declare known scalestream.tables; populated boolean; begin ${checks.join('\n')} end $$;`;
}

function register(pipeline: string, table: Table): string {
  const horizon = table.kind === 'events' ? horizonOf(table) : 'null';
  return `insert into scalestream.tables (name, pipeline, shape, horizon)
    values (${quoteText(table.name)}, ${quoteText(pipeline)}, ${quoteText(JSON.stringify(shapeOf(table)))}, ${horizon})
    on conflict (name) do update set retired_at = null where tables.retired_at is not null;`;
}

/** The first horizon: the start of the oldest day kept. */
function horizonOf(table: EventTable<AnyEvent>): string {
  if (table.keepDays === undefined) return `timestamptz 'epoch'`;
  return `greatest(timestamptz 'epoch', date_trunc('day', now() - interval '${table.keepDays} days', 'UTC'))`;
}

function partitionsAhead(table: EventTable<AnyEvent>): string {
  const days = `generate_series(0, 1) as ahead(days)`;
  return `select scalestream.add_partition(${quoteText(table.name)}, (now() at time zone 'UTC')::date + ahead.days) from ${days};`;
}
