import { Hono } from 'hono';
import type { AnyEvent } from '../../event-table.ts';
import type { Micros } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { jsonDraft } from '../answer-cache.ts';
import { contributors, type WindowName } from '../contributors.ts';
import { microsOf, readCursor, writeCursor } from '../cursor.ts';
import { countParameter, instantParameter, readQuery } from '../parameters.ts';
import { badParameter, named, notThere, Problem } from '../problem.ts';
import { answered, pipelineNamed, queryOf, type ServerEnv, type Serving, tableNamed, takes } from '../serving.ts';
import { canonicalText, type KeyFilter } from '../statement-parts.ts';
import { boundKeys, cursorParameter, keyFilters } from '../understand.ts';
import { eventsAfter, findWindow, momentOf } from '../window-events.ts';

/** A raw event of a window. */
export interface EventRow {
  readonly id: string;
  readonly time: string;
  /** As it is stored. */
  readonly event: unknown;
}

export interface EventsAnswer {
  readonly data: readonly EventRow[];
  readonly page: { readonly limit: number; readonly next: string | null };
  readonly meta: {
    readonly pipeline: string;
    readonly table: string;
    readonly start: string;
    readonly end: string;
    readonly key: Readonly<Record<string, string>>;
    /** Raw events that were looked at for this page: all of the time of the window, until the page was full or the limit reached. */
    readonly read: number;
    /** Of those: they can no longer be read, since the schema changed. */
    readonly unreadable: number;
    /** Whether the window has no more events. */
    readonly complete: boolean;
    readonly watermark: string | null;
    readonly final: string | null;
    readonly asOf: string;
  };
}

export interface EventsQuery {
  start: string;
  limit?: string;
  cursor?: string;
  [key: `key.${string}`]: string;
}

/** The parameters of the events of a window, beside all of its key. */
export const EVENTS_PARAMETERS = {
  start: instantParameter('the start of the window'),
  limit: countParameter('most events', 1_000, 100),
  cursor: cursorParameter,
};

/** Raw events that are read and folded at a time: others have their turn in between. */
const AT_A_TIME = 1_000;
/** Characters of events in an answer. */
const MOST_TEXT = 4 * 2 ** 20;

/** Why a number is what it is: the raw events of one window. */
export const eventsRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines/:pipeline/windows/:table/events', takes<EventsQuery>(), (c) => {
    const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
    const table = tableNamed(pipeline, c.req.param('table'));
    hasEvents(pipeline, table);
    const { start, limit = 100, cursor } = readQuery(queryOf(c), EVENTS_PARAMETERS, 'key.');
    if (start === undefined) throw badParameter('start', 'the start of a window', 'none', 'start=2026-11-24T12:00:00Z');
    const keys = wholeKey(table, keyFilters(table, queryOf(c)));
    mayRead(keys, boundKeys(table, c.get('caller')));
    const paged = [pipeline.name, table.name, start, keys];
    const idOf = (text: string) => canonicalText(pipeline.events.id.type, text);
    const after = cursor === undefined ? undefined : readCursor(cursor, paged, [microsOf, idOf]);
    return answered<EventsAnswer>(c, serving, ['events', ...paged, limit, after], () =>
      eventsOf(serving, { pipeline, table, start, keys, limit, after, paged }),
    );
  });

interface EventsAsked {
  readonly pipeline: Pipeline;
  readonly table: WindowTable<AnyEvent>;
  readonly start: Micros;
  readonly keys: readonly KeyFilter[];
  readonly limit: number;
  readonly after: readonly string[] | undefined;
  /** What must be the same from page to page. */
  readonly paged: unknown;
}

/** Reads raw events in their order until the page is full, there are no more, or as many were read as may be. */
async function eventsOf({ database, limits }: Serving, asked: EventsAsked) {
  const { pipeline, table, keys, limit, paged } = asked;
  const found = await findWindow(database, asked);
  const window: WindowName = {
    start: asked.start,
    end: Number(found.end_us),
    key: keys.map(({ values }) => values[0] as string),
  };
  const areOf = contributors(pipeline, table);
  const data: string[] = [];
  let { after } = asked;
  let [read, text, unreadable] = [0, 0, 0];
  let complete = false;
  while (!complete && data.length < limit && text < MOST_TEXT && read < limits.maxEvents) {
    const size = Math.min(AT_A_TIME, limits.maxEvents - read);
    const events = await eventsAfter(database, pipeline, window, after, size);
    const { of, unreadable: lost } = await areOf(window, events);
    let looked = 0;
    for (const [i, event] of events.entries()) {
      if (data.length >= limit || text >= MOST_TEXT) break;
      looked++;
      after = [String(event.time), event.id];
      if (!of.has(i)) continue;
      data.push(`{"id":${JSON.stringify(event.id)},"time":"${momentOf(event.time)}","event":${event.json}}`);
      text += event.json.length;
    }
    read += looked;
    unreadable += lost.filter((i) => i < looked).length;
    complete = events.length < size && looked === events.length;
  }
  const next = complete || !after ? null : writeCursor(paged, after);
  const key = Object.fromEntries(keys.map(({ column, values }) => [column, values[0]]));
  const { watermark, final } = found;
  return jsonDraft(
    `"data":[${data.join(',')}],"page":${JSON.stringify({ limit, next })}`,
    {
      pipeline: pipeline.name,
      table: table.name,
      start: momentOf(window.start),
      end: momentOf(window.end),
      key,
      read,
      unreadable,
      complete,
      watermark,
      final,
    },
    found.as_of,
  );
}

/** Raw events are kept, and the windows are made of them. */
function hasEvents({ events }: Pipeline, table: WindowTable<AnyEvent>): void {
  const why = table.over
    ? {
        got: `'${table.name}', which is over the windows of '${table.of}'`,
        fix: `ask for the windows of '${table.of}', then for their events`,
      }
    : events.whole
      ? undefined
      : { got: `'${events.name}', which keeps ids only`, fix: "keep: '90d'" };
  if (why)
    throw notThere(
      'no-events',
      'there are no raw events to show',
      'a table over raw events that are kept',
      why.got,
      why.fix,
    );
}

/** One value of each key column, in their order. */
function wholeKey({ key }: WindowTable<AnyEvent>, filters: readonly KeyFilter[]): KeyFilter[] {
  return Object.keys(key).map((column) => {
    const filter = filters.find((each) => each.column === column);
    if (filter?.values.length === 1) return filter;
    throw badParameter(
      `key.${column}`,
      'one value of each key column',
      filter ? `${filter.values.length}` : 'none',
      `key.${column}=…`,
    );
  });
}

function mayRead(keys: readonly KeyFilter[], bound: readonly KeyFilter[]): void {
  for (const { column, values } of bound) {
    const value = keys.find((key) => key.column === column)?.values[0];
    if (value !== undefined && values.includes(value)) continue;
    throw new Problem({
      status: 403,
      code: 'bound',
      title: 'the token is bound to keys',
      expected: `one of its own values of '${column}'`,
      got: named(value ?? ''),
      fix: 'ask for a token that may read it',
    });
  }
}
