import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { StoreError } from '../../errors.ts';
import type { Message } from '../../custody.ts';
import type { Flush } from '../../store.ts';
import { MOST_LINKS, type Trace, TRACER } from '../../trace.ts';
import type { Target } from './target.ts';

/**
 * Runs the statement of a flush in a span of its own, in the trace of the first delivery that is in it, linked with the others and they with it.
 *
 * @param run given the trace's id, 32 hexadecimal digits; `undefined` where nobody samples it.
 */
export async function inFlushSpan<T>(
  { entries, rejects }: Flush,
  into: { readonly table: string; readonly target: Target },
  run: (traceId: string | undefined) => Promise<T>,
): Promise<T> {
  const [first, ...others] = tracesIn(entries, rejects);
  if (!first) return await run(undefined);
  const { table, target } = into;
  const span = trace.getTracer(TRACER).startSpan(
    `flush ${table}`,
    {
      kind: SpanKind.CLIENT,
      links: others.slice(0, MOST_LINKS).map(({ context }) => ({ context })),
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': target.database,
        'db.collection.name': table,
        'db.operation.name': 'INSERT',
        'db.query.summary': `INSERT ${table}`,
        'server.address': target.host,
        'server.port': target.port,
        'scalestream.events': entries.length,
        'scalestream.rejects': rejects.length,
        ...(others.length > MOST_LINKS ? { 'scalestream.links.dropped': others.length - MOST_LINKS } : {}),
      },
    },
    trace.setSpanContext(ROOT_CONTEXT, first.context),
  );
  for (const other of others) other.link(span.spanContext());
  try {
    return await run(first.context.traceId);
  } catch (error) {
    const type = codeOf(error);
    span.setAttributes({ 'error.type': type, ...(SQLSTATE.test(type) ? { 'db.response.status_code': type } : {}) });
    span.setStatus({ code: SpanStatusCode.ERROR, message: type });
    throw error;
  } finally {
    span.end();
  }
}

function codeOf(error: unknown): string {
  if (error instanceof StoreError) return error.reason;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'error';
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The traces of what is flushed. It is asked of every flush, sampled or not, so it makes nothing; events of one message follow each other. */
function tracesIn(...all: readonly (readonly { readonly message: Message }[])[]): readonly Trace[] {
  const found: Trace[] = [];
  for (const each of all) {
    let last: Trace | undefined;
    for (const { message } of each) {
      if (message.trace === last || message.trace === undefined) continue;
      last = message.trace;
      if (!found.includes(last)) found.push(last);
    }
  }
  return found;
}
