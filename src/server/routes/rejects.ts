import { Hono } from 'hono';
import type { Pipeline } from '../../pipeline.ts';
import { jsonDraft } from '../answer-cache.ts';
import { microsOf, readCursor, writeCursor } from '../cursor.ts';
import { countParameter, instantParameter, readQuery, textParameter, wordParameter } from '../parameters.ts';
import { unknownToDatabase } from '../read-database.ts';
import { answered, pipelineNamed, queryOf, type ServerEnv, type Serving, takes } from '../serving.ts';
import { canonicalText, given, type Moment, momentQuery, rfcMillis } from '../statement-parts.ts';
import { boundElsewhere, cursorParameter } from '../understand.ts';

/** An event or message that could not be counted. */
export interface RejectRow {
  readonly reason: string;
  readonly detail: string;
  readonly stage: string;
  readonly source: string;
  readonly messageId: string;
  /** Its place in its message; -1: all of it. */
  readonly ordinal: number;
  readonly sentAt: string;
  readonly rejectedAt: string;
  /** Bytes. */
  readonly size: number;
  /** The first 4,096 bytes, where they are asked for; what is no UTF-8 is in base64. */
  readonly body?: string;
  readonly encoding?: 'utf8' | 'base64';
}

export interface RejectsAnswer {
  readonly data: readonly RejectRow[];
  readonly page: { readonly limit: number; readonly next: string | null };
  readonly meta: {
    readonly pipeline: string;
    readonly watermark: string | null;
    readonly final: string | null;
    readonly asOf: string;
  };
}

export interface RejectsQuery {
  reason?: string;
  from?: string;
  to?: string;
  body?: 'true' | 'false';
  limit?: string;
  cursor?: string;
}

/** The parameters of rejects. */
export const REJECTS_PARAMETERS = {
  reason: textParameter('why', { pattern: /^[a-z0-9-]{1,40}$/, expected: 'a reason', example: 'schema' }),
  from: instantParameter('rejected then or later'),
  to: instantParameter('rejected before'),
  body: wordParameter('whether the bodies are wanted', ['true', 'false'], 'false'),
  limit: countParameter('most rejects', 1_000, 100),
  cursor: cursorParameter,
};

const MOST_BODY = 4_096;

/** The latest rejects first. */
export const rejectsRoute = (serving: Serving) =>
  new Hono<ServerEnv>().get('/v1/pipelines/:pipeline/rejects', takes<RejectsQuery>(), (c) => {
    const pipeline = pipelineNamed(serving, c.req.param('pipeline'));
    const { limit = 100, cursor, ...asked } = readQuery(queryOf(c), REJECTS_PARAMETERS);
    if (Object.keys(c.get('caller').keys).length > 0) throw boundElsewhere('rejects, which have no key');
    const paged = [pipeline.name, asked];
    const after = cursor === undefined ? undefined : readCursor(cursor, paged, [microsOf, identityOf]);
    return answered<RejectsAnswer>(c, serving, ['rejects', ...paged, limit, after], async () => {
      const { text, parameters } = rejectsStatement(pipeline, { ...asked, after, limit });
      const found = await serving.database.read<Moment & { us: string | null; identity: string; row: string }>(
        text,
        parameters,
      );
      const [moment] = found;
      if (!moment) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
      const all = found.filter(({ us }) => us !== null);
      const shown = all.slice(0, limit);
      const last = shown.at(-1);
      const next = last && all.length > limit ? writeCursor(paged, [last.us as string, last.identity]) : null;
      const rows = shown.map(({ row }) => rowOf(row));
      const { watermark, final } = moment;
      return jsonDraft(
        `"data":${JSON.stringify(rows)},"page":${JSON.stringify({ limit, next })}`,
        { pipeline: pipeline.name, watermark, final },
        moment.as_of,
      );
    });
  });

function rowOf(text: string): RejectRow {
  const { hex, ...row } = JSON.parse(text) as RejectRow & { readonly hex?: string };
  if (hex === undefined) return row;
  const bytes = Buffer.from(hex, 'hex');
  try {
    // a letter that the limit cut in two is no reason to call it binary
    const body = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return { ...row, body, encoding: 'utf8' };
  } catch {
    return { ...row, body: bytes.toString('base64'), encoding: 'base64' };
  }
}

const identityOf = (text: string): string | undefined => canonicalText('text', text);

interface RejectsAsked {
  readonly reason: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly body: 'true' | 'false' | undefined;
  readonly after: readonly string[] | undefined;
  readonly limit: number;
}

function rejectsStatement(pipeline: Pipeline, { reason, from, to, body, after, limit }: RejectsAsked) {
  const parameters = given();
  const conditions = [
    `pipeline = ${parameters.text(pipeline.name)}`,
    ...(reason === undefined ? [] : [`reason = ${parameters.text(reason)}`]),
    ...(from === undefined ? [] : [`rejected_at >= ${parameters.instant(from)}`]),
    ...(to === undefined ? [] : [`rejected_at < ${parameters.instant(to)}`]),
    ...(after === undefined
      ? []
      : [
          `(rejected_at, identity collate "C") < (${parameters.instant(after[0] as string)}, ${parameters.text(after[1] as string)} collate "C")`,
        ]),
  ];
  const members = [
    `'reason', reason, 'detail', detail, 'stage', stage, 'source', source, 'messageId', message_id, 'ordinal', ordinal`,
    `'sentAt', ${rfcMillis('sent_at')}, 'rejectedAt', ${rfcMillis('rejected_at')}, 'size', length(body)`,
    ...(body === 'true' ? [`'hex', encode(substring(body from 1 for ${MOST_BODY}), 'hex')`] : []),
  ];
  return {
    text: `with "$moment" as (${momentQuery(pipeline)}), "$page" as (
    select * from scalestream.rejects where ${conditions.join(' and ')} order by rejected_at desc, identity collate "C" desc limit ${limit + 1}
  ), "$rows" as (
    select (extract(epoch from rejected_at) * 1000000)::bigint::text as us, identity, json_build_object(${members.join(', ')})::text as row, rejected_at from "$page"
  )
  select "$moment".*, "$rows".us, "$rows".identity, "$rows".row from "$moment" left join "$rows" on true order by rejected_at desc, identity collate "C" desc`,
    parameters: parameters.parameters,
  };
}
