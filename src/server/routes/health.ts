import { Hono } from 'hono';
import { textArray } from '../../sinks/postgres/quote.ts';
import { Problem } from '../problem.ts';
import type { ServerEnv, Serving } from '../serving.ts';

/** What is asked of the process itself. */
export interface Health {
  readonly serving: Serving;
  /** Whether it is about to end. */
  readonly isStopping: () => boolean;
}

/** Whether the process is there at all: nothing else is asked. */
export const livezRoute = () => new Hono<ServerEnv>().get('/livez', (c) => c.json({ status: 'ok' as const }));

/** Whether it can answer: it is not stopping, and the database answers and knows the pipelines. */
export const readyzRoute = ({ serving, isStopping }: Health) =>
  new Hono<ServerEnv>().get('/readyz', async (c) => {
    if (isStopping()) throw notReady('a process that goes on', 'one that is stopping');
    const { answer } = await serving.cache.get('readyz', async () => {
      const names = [...serving.pipelines.keys()];
      const rows = await serving.database.read<{ name: string; version: string }>(
        'select name, version from scalestream.pipelines where name = any ($1::text::text[])',
        [textArray(names)],
      );
      const missing = names.filter((name) => !rows.some((row) => row.name === name));
      if (missing.length > 0) throw notReady('pipelines that the database knows', `${missing.length} that it does not`);
      return {
        contentType: '',
        headers: {},
        content: '{"status":"ok"}',
        dated: (content: string) => content,
        asOf: '',
      };
    });
    return c.json(JSON.parse(answer.body) as { status: 'ok' });
  });

const notReady = (expected: string, got: string): Problem =>
  new Problem({
    status: 503,
    code: 'not-ready',
    title: 'not ready',
    expected,
    got,
    fix: 'ask another one, or again in a moment',
    headers: { 'retry-after': '1' },
  });
