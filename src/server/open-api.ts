import type { AnyEvent } from '../event-table.ts';
import type { Pipeline } from '../pipeline.ts';
import type { WindowTable } from '../window-table.ts';
import type { Parameters, Schema } from './parameters.ts';
import { ingestPath } from './ingest/ingest-path.ts';
import { EVENTS_PARAMETERS } from './routes/events.ts';
import { keysParameters } from './routes/keys.ts';
import { REJECTS_PARAMETERS } from './routes/rejects.ts';
import { TICKETS_PARAMETERS } from './routes/tickets.ts';
import { streamParameters } from './stream/stream-query.ts';
import { windowParameters } from './understand.ts';
import { columnsOf, schemaOf } from './window-columns.ts';

/** What is told beside the declarations. */
export interface About {
  readonly version: string;
  /** Whether tokens are asked for. */
  readonly secured: boolean;
  /** By the name of a pipeline: whether it takes events. */
  readonly ingest: { has(pipeline: string): boolean };
}

/**
 * The document of what is served: a path for each table, with its own keys, measures and units, from the declarations and from the parameters that routes
 * read by.
 */
export function openApi(pipelines: readonly Pipeline[], { version, secured, ingest }: About) {
  return {
    openapi: '3.1.0',
    info: {
      title: 'ScaleStream',
      version,
      description: 'Windows over events: exact, with their watermark, state and revision.',
    },
    ...(secured ? { security: [{ bearer: [] }] } : {}),
    paths: {
      '/livez': get('whether the process is there', { type: 'object' }, [], { open: true }),
      '/readyz': get('whether it can answer', { type: 'object' }, [], { open: true }),
      '/version': get('what is served, and by what', { type: 'object' }),
      '/v1/stream-tickets': ticketsPath(),
      '/v1/pipelines': get('all pipelines, in short', listOf(SUMMARY, object({ asOf: MOMENT }))),
      ...Object.assign({}, ...pipelines.map(pathsOf)),
      ...Object.assign({}, ...pipelines.filter(({ name }) => ingest.has(name)).map(ingestPath)),
    },
    components: {
      ...(secured ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: 'what was expected, what came, and the likely fix',
          content: { 'application/problem+json': { schema: reference('Problem') } },
        },
      },
    },
  };
}

const object = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});
const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const orNull = (schema: Schema): Schema => ({ ...schema, type: [schema['type'], 'null'] });
const MOMENT: Schema = { type: 'string', format: 'date-time', description: 'RFC 3339, UTC' };
const TEXT: Schema = { type: 'string' };
const COUNT: Schema = { type: 'integer' };
const META = { watermark: orNull(MOMENT), final: orNull(MOMENT), asOf: MOMENT };
const PAGE = object({ limit: COUNT, next: orNull(TEXT) });
const PROBLEM = object({
  type: TEXT,
  title: TEXT,
  status: COUNT,
  detail: TEXT,
  code: TEXT,
  expected: TEXT,
  got: TEXT,
  fix: TEXT,
});
const SUMMARY = object({
  name: TEXT,
  version: orNull(TEXT),
  watermark: orNull(MOMENT),
  final: orNull(MOMENT),
  lag: orNull({ type: 'number' }),
  held: orNull(TEXT),
  tables: { type: 'array', items: TEXT },
});
const REJECT = object({
  reason: TEXT,
  detail: TEXT,
  stage: TEXT,
  source: TEXT,
  messageId: TEXT,
  ordinal: COUNT,
  sentAt: MOMENT,
  rejectedAt: MOMENT,
  size: COUNT,
});

const listOf = (items: Schema, meta: Schema, page?: Schema): Schema =>
  object({ data: { type: 'array', items }, ...(page ? { page } : {}), meta });

/** The paths of one pipeline. */
function pathsOf(pipeline: Pipeline): Record<string, unknown> {
  const at = `/v1/pipelines/${pipeline.name}`;
  const tables = [...pipeline.windows, ...pipeline.over];
  return {
    [at]: get(
      `how far '${pipeline.name}' is, and what it waits for`,
      object({ data: { type: 'object' }, meta: object(META) }),
    ),
    [`${at}/rejects`]: get(
      `events of '${pipeline.name}' that could not be counted`,
      listOf(REJECT, object(META), PAGE),
      told(REJECTS_PARAMETERS),
    ),
    [`${at}/stream`]: streamPath(pipeline),
    ...Object.assign({}, ...tables.map((table) => tablePaths(at, pipeline, table))),
  };
}

/** One of one table may have its parameters `key.<column>` too, as its route. */
const streamPath = (pipeline: Pipeline): unknown => ({
  get: {
    summary: `windows of '${pipeline.name}' as they change, and how far it is: server-sent events`,
    parameters: told(streamParameters(pipeline)),
    responses: {
      200: {
        description: 'events: windows, stats, reset, trouble, bye',
        content: { 'text/event-stream': { schema: TEXT } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  },
});

const ticketsPath = (): unknown => ({
  post: {
    summary: 'a ticket for a stream, in place of a token, for clients that send no headers',
    parameters: told(TICKETS_PARAMETERS),
    responses: {
      201: {
        description: 'good to begin a stream with until expiresAt',
        content: { 'application/json': { schema: object({ ticket: TEXT, expiresAt: MOMENT }) } },
      },
      default: { $ref: '#/components/responses/Problem' },
    },
  },
});

function tablePaths(at: string, { events }: Pipeline, table: WindowTable<AnyEvent>): Record<string, unknown> {
  const columns = columnsOf(table);
  const keys = columns.filter(({ role }) => role === 'key');
  const of = (role: string): Schema => {
    const own = columns.filter((column) => column.role === role);
    return { type: 'object', properties: Object.fromEntries(own.map((column) => [column.name, schemaOf(column)])) };
  };
  const row = object({
    start: MOMENT,
    end: { ...MOMENT, description: 'RFC 3339, UTC; the first moment that is not in the window' },
    key: of('key'),
    measures: of('measure'),
    state: { type: 'string', enum: ['open', 'final', 'revised'] },
    revision: { type: ['integer', 'null'], description: 'counts merges; a bucket has none' },
    updatedAt: orNull(MOMENT),
    traceId: orNull({ type: 'string', pattern: '^[0-9a-f]{32}$' }),
  });
  const filters = (required: boolean) =>
    keys.map((column) => ({
      name: `key.${column.name}`,
      in: 'query',
      required,
      schema: required ? schemaOf(column) : { type: 'array', items: schemaOf(column) },
      ...(required ? {} : { explode: true }),
    }));
  const formats = { 'text/csv': { schema: TEXT }, 'application/x-ndjson': { schema: TEXT } };
  const event = object({ id: TEXT, time: MOMENT, event: {} });
  return {
    [`${at}/windows/${table.name}`]: get(
      `windows of '${table.name}'`,
      listOf(row, object(META), PAGE),
      [...told(windowParameters(table)), ...filters(false)],
      { formats },
    ),
    ...(keys.length > 0
      ? {
          [`${at}/keys/${table.name}`]: get(
            `values of the keys of '${table.name}'`,
            listOf({}, object(META), PAGE),
            told(keysParameters(table)),
          ),
        }
      : {}),
    ...(events.whole && !table.over
      ? {
          [`${at}/windows/${table.name}/events`]: get(
            `the raw events of a window of '${table.name}'`,
            listOf(event, object(META), PAGE),
            [...told(EVENTS_PARAMETERS, ['start']), ...filters(true)],
          ),
        }
      : {}),
  };
}

const told = (parameters: Parameters, required: readonly string[] = []): unknown[] =>
  Object.entries(parameters).map(([name, { description, schema, many }]) => ({
    name,
    in: 'query',
    description,
    required: required.includes(name),
    schema: many ? { type: 'array', items: schema } : schema,
    ...(many ? { explode: false } : {}),
  }));

function get(
  summary: string,
  schema: Schema,
  parameters: readonly unknown[] = [],
  {
    formats = {},
    open = false,
  }: { readonly formats?: Readonly<Record<string, unknown>>; readonly open?: boolean } = {},
): unknown {
  return {
    get: {
      summary,
      ...(parameters.length > 0 ? { parameters } : {}),
      ...(open ? { security: [] } : {}),
      responses: {
        200: { description: 'ok', content: { 'application/json': { schema }, ...formats } },
        ...(open ? {} : { 304: { description: 'as it was: if-none-match names its ETag' } }),
        default: { $ref: '#/components/responses/Problem' },
      },
    },
  };
}
