import { Hono } from 'hono';
import type { Pipeline } from '../../pipeline.ts';
import { type Fleet, fleetOf } from '../../runtime/fleet.ts';
import { type Verdict, verdictOf } from '../../runtime/verdict.ts';
import { readStatus, type Status } from '../../sinks/postgres/status.ts';
import { jsonDraft } from '../answer-cache.ts';
import { readQuery } from '../parameters.ts';
import { Problem } from '../problem.ts';
import { unknownToDatabase } from '../read-database.ts';
import { answered, pipelineNamed, queryOf, type ServerEnv, type Serving } from '../serving.ts';
import { columnsOf, type WindowColumn } from '../window-columns.ts';

/** How far a pipeline is, in short. */
export interface PipelineSummary {
  readonly name: string;
  /** Of what is served; `null`: the database does not know the pipeline. */
  readonly version: string | null;
  readonly watermark: string | null;
  readonly final: string | null;
  /** Seconds that the watermark is behind. */
  readonly lag: number | null;
  /** Why it is there and not further. */
  readonly held: string | null;
  readonly tables: readonly string[];
  /** `null`: the database does not know the pipeline. */
  readonly verdict: Verdict | null;
}

export interface PipelinesAnswer {
  readonly data: readonly PipelineSummary[];
  readonly meta: { readonly asOf: string };
}

/** A window table as a pipeline declares it, and how far it is. */
export interface TableSummary {
  readonly name: string;
  readonly of: string;
  readonly window: { readonly kind: string; readonly shape: readonly (string | number)[] };
  readonly columns: readonly WindowColumn[];
  readonly open: number;
  readonly revised: number;
}

/** Everything that is known of a pipeline. */
export interface PipelineAnswer {
  readonly data: Omit<Status, 'pipeline' | 'tables'> &
    Omit<Fleet, 'workers'> & {
      readonly name: string;
      readonly verdict: Verdict;
      /** Of the file that is served; another one than `version` where the database is migrated to another. */
      readonly declared: string;
      readonly events: {
        readonly table: string;
        readonly keepDays: number | null;
        readonly lateness: number;
        readonly late: string;
      };
      readonly tables: readonly TableSummary[];
      /** How many rejects are kept, by reason; of 100,000 of them at most. */
      readonly rejects: Readonly<Record<string, number>>;
    };
  readonly meta: { readonly watermark: string | null; readonly final: string | null; readonly asOf: string };
}

/** All pipelines, in short. */
export const pipelinesRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines', (c) => {
    readQuery(queryOf(c), {});
    return answered<PipelinesAnswer>(c, serving, ['pipelines'], async () => {
      const all = [...serving.pipelines.values()];
      const data = await Promise.all(
        all.map((each) => knownStatusOf(serving, each).then((status) => summary(each, status))),
      );
      return jsonDraft(`"data":${JSON.stringify(data)}`, {}, new Date().toISOString());
    });
  });

/** One pipeline, all that is known of it. */
export const pipelineRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines/:pipeline', (c) => {
    readQuery(queryOf(c), {});
    const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
    return answered<PipelineAnswer>(c, serving, ['pipeline', pipeline.name], async () => {
      const [status, rejects] = await Promise.all([statusOf(serving, pipeline), rejectsOf(serving, pipeline)]);
      if (!status) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
      const { watermark, final } = status;
      const data = JSON.stringify({ ...detail(pipeline, status), rejects });
      return jsonDraft(`"data":${data}`, { watermark, final }, new Date().toISOString());
    });
  });

const statusOf = ({ database }: Serving, pipeline: Pipeline): Promise<Status | undefined> =>
  database.ask((connection) => readStatus(connection, pipeline));

/** One that is not there yet is no reason to tell nothing of the others. */
const knownStatusOf = (serving: Serving, pipeline: Pipeline): Promise<Status | undefined> =>
  statusOf(serving, pipeline).catch((error: unknown) => {
    if (error instanceof Problem && error.parts.code === 'not-migrated') return undefined;
    throw error;
  });

const MOST_REJECTS = 100_000;

async function rejectsOf({ database }: Serving, { name }: Pipeline): Promise<Record<string, number>> {
  const rows = await database.read<{ reason: string; n: string }>(
    `select reason, count(*)::text as n from (select reason from scalestream.rejects where pipeline = $1::text limit ${MOST_REJECTS}) as "$some"
     group by reason order by reason`,
    [name],
  );
  return Object.fromEntries(rows.map(({ reason, n }) => [reason, Number(n)]));
}

const summary = (pipeline: Pipeline, status: Status | undefined): PipelineSummary => {
  const { name, windows, over } = pipeline;
  return {
    name,
    version: status?.version ?? null,
    watermark: status?.watermark ?? null,
    final: status?.final ?? null,
    lag: status?.lag ?? null,
    held: status?.held ?? null,
    tables: [...windows, ...over].map((table) => table.name),
    verdict: status ? verdictOf(pipeline, status) : null,
  };
};

function detail(pipeline: Pipeline, { tables, ...status }: Status) {
  const { name, version, events, windows, over } = pipeline;
  return {
    ...fleetOf(status.workers),
    ...status,
    pipeline: undefined,
    name,
    verdict: verdictOf(pipeline, { ...status, tables }),
    declared: version,
    events: { table: events.name, keepDays: events.keepDays ?? null, lateness: events.lateness, late: events.late },
    tables: [...windows, ...over].map((table): TableSummary => {
      const { open = 0, revised = 0 } = tables.find((each) => each.table === table.name) ?? {};
      const window = { kind: table.window.kind, shape: table.window.shape };
      return { name: table.name, of: table.of, window, columns: columnsOf(table), open, revised };
    }),
  };
}
