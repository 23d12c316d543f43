import { createHash } from 'node:crypto';
import { defer, lastValueFrom } from 'rxjs';
import { type AnyEvent, type EventTable, idTable } from '../../event-table.ts';
import { messageOf, StoreError } from '../../errors.ts';
import { backoff } from '../../operators/backoff.ts';
import { retryBackoff } from '../../operators/retry-backoff.ts';
import { storedOf } from '../../stored.ts';
import { type Pipeline, shapeOf, type Table } from '../../pipeline.ts';
import { isPosted, isTableBranch, type TableBranch } from '../../when-final.ts';
import type { WindowTable } from '../../window-table.ts';
import { classify } from './classify.ts';
import { nextFrontier } from './frontier.ts';
import type { Connection } from './connect.ts';
import { endOf, eventTableDdl, finalTableDdl, viewOf, windowTableDdl, windowViewDdl } from './ddl.ts';
import { plainArray, quoteName, quoteText } from './quote.ts';
import { isHopping } from '../hopping-table.ts';
import { sessionFunctionDdl } from './session-function.ts';
import { shapeDifferences } from './shape-differences.ts';
import { keptBeside, takenDdl } from './over-ddl.ts';
import { takeDdl } from './over-function.ts';
import { rollupDdl } from './rollup.ts';
import { SYSTEM_DDL } from './system.ts';

/**
 * Creates or updates the tables of a pipeline and moves its version fence, all in one implicit transaction. Idempotent; many processes may run
 * it at once, beside workers. It refuses what would break `windows = fold(raw)`: another shape of a table that exists, a window table that joins
 * when raw events are there already, tables of which some are gone.
 *
 * Order of locks, the same as in a flush: the partitions, the table of pipelines, then what the pipeline declares, then rows. The second is a table lock
 * because those are granted in turn: the share locks of flushes that overlap would keep an update of the row waiting for ever. While it is held no
 * pipeline flushes, so nothing that waits for readers is locked beneath it, unless something is missing there.
 *
 * @throws StoreError `fatal`, saying which table and what to do.
 */
export async function migrate(connection: Connection, pipeline: Pipeline): Promise<void> {
  const text = script(pipeline);
  const layout = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const once = async (): Promise<void> => {
    if (await isMigrated(connection, pipeline, layout)) await connection.script(partitionsAhead(pipeline.events));
    else await connection.script(text.replace(LAYOUT, layout));
  };
  try {
    await lastValueFrom(defer(once).pipe(retryBackoff(PATIENCE, { when: (error) => isPassing(error, pipeline) })));
  } catch (error) {
    const { code, table_name: table, detail } = error as { code?: string; table_name?: string; detail?: string };
    if (code !== REFUSED) throw error;
    const changed = tablesOf(pipeline).find(({ name }) => name === table);
    const message = changed && detail ? changedText(changed, detail) : messageOf(error);
    throw new StoreError('fatal', 'migrate', message, { cause: error });
  }
}

/** The error for a table that is declared otherwise than it is stored. */
function changedText(table: Named, stored: string): string {
  const differences = shapeDifferences(JSON.parse(stored), JSON.parse(shapeText(table)));
  return `table ${table.name} exists with another declaration: ${differences.join('; ')}. Fix: give the changed table a new name`;
}

/** A busy database is no reason to fail, an absent one is soon. */
const PATIENCE = backoff({ first: '200ms', cap: '2s', attempts: 6 });

const isPassing = (error: unknown, pipeline: Pipeline): boolean =>
  ['retry', 'slow'].includes(classify(error, pipeline.events.name).failure);

/** Whether the very same script ran last, and nobody dropped a table since. */
async function isMigrated(connection: Connection, pipeline: Pipeline, layout: string): Promise<boolean> {
  const [system] = await connection.run<{ found: boolean }>(
    `select to_regclass('scalestream.pipelines') is not null as found`,
  );
  if (!system?.found) return false;
  const names = tablesOf(pipeline).map((table) => table.name);
  const [row] = await connection.run<{ same: boolean }>(
    `select exists (select from scalestream.pipelines where name = $1::text and layout = $2::text)
       and not exists (select from unnest($3::text::text[]) as t (name) where to_regclass(quote_ident(t.name)) is null) as same`,
    [pipeline.name, layout, plainArray(names)],
  );
  return row?.same ?? false;
}

const LAYOUT = '{layout}';

/** The table of ids beside an event table, of a measure's items, or of what windows over windows took: it belongs to its pipeline, and must not be dropped by itself. */
interface SideTable {
  readonly kind: 'beside';
  readonly name: string;
  readonly shape: { readonly kind: 'ids' | 'items' | 'taken'; readonly of: string };
}

const beside = (kind: SideTable['shape']['kind'], name: string, of: string): SideTable => ({
  kind: 'beside',
  name,
  shape: { kind, of },
});

/** Everything that has a name and a shape of its own. */
type Named = Table | TableBranch | SideTable;

const tablesOf = ({ events, windows, over, finals }: Pipeline): Named[] => [
  events,
  ...(events.dedupe ? [beside('ids', idTable(events), events.name)] : []),
  ...[...windows, ...over].flatMap((table) => [
    table,
    ...storedOf(table)
      .slice(1)
      .map(({ name }) => beside('items', name, table.name)),
    ...keptBeside(table).map((name) => beside('taken', name, table.name)),
  ]),
  ...finals.filter(isTableBranch),
];

function script(pipeline: Pipeline): string {
  const tables = tablesOf(pipeline);
  const all = [...pipeline.windows, ...pipeline.over];
  return [
    `select pg_advisory_xact_lock(hashtextextended('scalestream migrate', 0));`,
    partitionsFirst(pipeline.events),
    PIPELINES_FIRST,
    SYSTEM_DDL,
    `lock table scalestream.pipelines in exclusive mode;`,
    refusals(pipeline, tables),
    ...all.map((table) => begun(pipeline, table)),
    eventTableDdl(pipeline.events),
    ...all.map(windowTableDdl),
    ...pipeline.windows.filter(({ window }) => window.kind === 'session').map(sessionFunctionDdl),
    ...pipeline.over.flatMap((table) => [takenDdl(table), takeDdl(pipeline, table)]),
    ...all.map(windowViewDdl),
    ...all.map((table) => rollupDdl(pipeline, table)),
    ...pipeline.finals.filter(isTableBranch).map(finalTableDdl),
    ...tables.map((table) => register(pipeline.name, table)),
    `update scalestream.tables set retired_at = now() where pipeline = ${quoteText(pipeline.name)} and retired_at is null and name not in (${tables
      .map((table) => quoteText(table.name))
      .join(', ')});`,
    `insert into scalestream.pipelines (name, version, layout)
     values (${quoteText(pipeline.name)}, ${quoteText(pipeline.version)}, ${quoteText(LAYOUT)})
     on conflict (name) do update set version = excluded.version, layout = excluded.layout, migrated_at = now();`,
    `insert into scalestream.watermarks (pipeline) values (${quoteText(pipeline.name)}) on conflict do nothing;`,
    ...(pipeline.events.late === 'divert' ? [closed(pipeline)] : []),
    partitionsAhead(pipeline.events),
  ].join('\n');
}

/** Whoever makes a partition holds this one, and then reads what is locked below. The key is that of `scalestream.add_partition`. */
const partitionsFirst = ({ name }: EventTable<AnyEvent>): string =>
  `select pg_advisory_xact_lock(hashtextextended(${quoteText(`scalestream partition ${name}`)}, 0));`;

/** Before what may lock another table of the engine: a flush or finaliser under way holds this one already, and would wait for the other. */
const PIPELINES_FIRST = `do $$ begin
  if to_regclass('scalestream.pipelines') is not null then
    lock table scalestream.pipelines in exclusive mode;
  end if;
end $$;`;

/** SQLSTATE of a refused migration: a class of our own. */
const REFUSED = 'SS001';

const shapeText = (table: Named): string => JSON.stringify('shape' in table ? table.shape : shapeOf(table));

function refusals(pipeline: Pipeline, tables: readonly Named[]): string {
  const name = quoteText(pipeline.name);
  const checks = tables.map((table) => {
    const [table_, shape] = [quoteText(table.name), quoteText(shapeText(table))];
    return `
  select * into known from scalestream.tables where tables.name = ${table_};
${[table.name, ...(table.kind === 'windows' ? [viewOf(table)] : [])].map(foreign).join('')}
  if found and known.pipeline <> ${name} then
    raise exception using errcode = '${REFUSED}', message = format('table %s belongs to pipeline %s. Fix: give it another name', ${table_}, known.pipeline);
  end if;
  if found and known.shape <> ${shape}::jsonb then
    raise exception using errcode = '${REFUSED}', message = 'exists with another declaration', table = ${table_}, detail = known.shape;
  end if;${
    table.kind !== 'windows'
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
  return `do $$ declare known scalestream.tables; populated boolean; gone text; remains text; begin
  select string_agg(t.name, ', ') filter (where to_regclass(quote_ident(t.name)) is null),
    string_agg(t.name, ', ') filter (where to_regclass(quote_ident(t.name)) is not null)
  into gone, remains from scalestream.tables t where t.pipeline = ${name} and t.retired_at is null;
  if gone is not null and remains is not null then
    raise exception using errcode = '${REFUSED}', message = format('%s is gone, but %s is there: they no longer agree. Fix: restore it, or drop them all', gone, remains);
  end if;${checks.join('\n')} end $$;`;
}

function register(pipeline: string, table: Named): string {
  const horizon = table.kind === 'events' ? horizonOf(table) : 'null';
  return `insert into scalestream.tables (name, pipeline, shape, horizon)
    values (${quoteText(table.name)}, ${quoteText(pipeline)}, ${quoteText(shapeText(table))}, ${horizon})
    on conflict (name) do update set retired_at = null where tables.retired_at is not null;`;
}

/** A table that begins has nothing to announce, and nothing to take: what is left is of one that was dropped. */
const begun = ({ name, finals }: Pipeline, table: WindowTable<AnyEvent>): string => `do $$ begin
  if to_regclass(${quoteText(quoteName(table.name))}) is null then
    delete from scalestream.revised where pipeline = ${quoteText(name)} and window_table = ${quoteText(table.name)};
    delete from scalestream.outbox where pipeline = ${quoteText(name)} and branch in (${
      finals
        .filter((branch) => isPosted(branch) && (branch.table === table || branch.to === table))
        .map((branch) => quoteText(branch.name))
        .join(', ') || 'null'
    });
  end if;
end $$;`;

/** A relation that is not registered is somebody else's: we make and register ours in one transaction. */
const foreign = (name: string): string => `
  if not found and to_regclass(${quoteText(quoteName(name))}) is not null then
    raise exception using errcode = '${REFUSED}', message = format('%s is there already, and is none of scalestream''s tables. Fix: drop it, or declare the table by another name', ${quoteText(name)});
  end if;`;

/**
 * Windows that became final while late events revised them change no more: from now on flushes judge by the frontier, and none is under way that did
 * otherwise. The lateness may have grown too, so what is final already counts beside what the watermark has passed.
 */
function closed(pipeline: Pipeline): string {
  const ends = [...pipeline.windows, ...pipeline.over].map(
    (table) =>
      `(select max(${isHopping(table) ? 'final_until' : endOf(table)}) from ${quoteName(table.name)}${isHopping(table) ? '' : ' where final_revision is not null'})`,
  );
  return `update scalestream.tables set frontier = greatest(${['frontier', nextFrontier(pipeline), ...ends].join(', ')}) where name = ${quoteText(pipeline.events.name)};`;
}

/** The first horizon: the start of the oldest day kept. */
function horizonOf(table: EventTable<AnyEvent>): string {
  if (table.keepDays === undefined) return `timestamptz 'epoch'`;
  return `greatest(timestamptz 'epoch', date_trunc('day', now() - interval '${table.keepDays} days', 'UTC'))`;
}

export function partitionsAhead(table: EventTable<AnyEvent>): string {
  const days = `generate_series(0, 1) as ahead(days)`;
  return `select scalestream.add_partition(${quoteText(table.name)}, (now() at time zone 'UTC')::date + ahead.days) from ${days};`;
}
