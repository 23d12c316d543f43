import { expect, test } from 'vitest';
import ga4 from '../../src/pipelines/ga4.ts';
import { capture } from '../../src/producer/capture.ts';
import { shuffled } from '../contracts/shuffled.ts';
import { scalestream } from '../support/e2e-command.ts';
import { GA4_CSV, hasRealData, NO_REAL_DATA, realData, truth } from '../support/e2e-data.ts';
import { contents, type Scene, scene } from '../support/e2e-scene.ts';

const PIPELINE = 'src/pipelines/ga4.ts';
const PACK = 500;
const SEED = 20_201_225;

/** The events of the export as JSON texts, in its order. */
async function exported(): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of await capture(realData(GA4_CSV))) texts.push(text as string);
  return texts;
}

const timeOf = (text: string): number => Number((JSON.parse(text) as { event_timestamp: string }).event_timestamp);

function inOrderOfTime(texts: readonly string[]): string[] {
  const timed = texts.map((text) => ({ text, time: timeOf(text) }));
  return timed.sort((a, b) => a.time - b.time).map(({ text }) => text);
}

/** What a window holds that was announced after it was final, next to what the table says of it. */
async function unannounced({ sql }: Scene): Promise<number> {
  const rows = ga4.windows.map(
    ({ name }) =>
      `select '${name}' as name, window_start, to_jsonb(w) as contents from ${name} w where revision > final_revision`,
  );
  const [row] = await sql.unsafe<{ n: number }[]>(`
    select count(*)::int as n from (${rows.join(' union all ')}) w full join scalestream.revised r
      on r.window_table = w.name and r.window_start = w.window_start and r.contents = w.contents
    where w.name is null or r.announced is distinct from (w.contents ->> 'revision')::bigint`);
  return row?.n ?? Number.NaN;
}

/** Sends the events in this order through a queue, a worker and Postgres; what the tables hold then, and how many windows were revised. */
async function settled(texts: readonly string[]) {
  const set = await scene();
  const messages = Array.from({ length: Math.ceil(texts.length / PACK) }, (_, i) =>
    texts.slice(i * PACK, (i + 1) * PACK).join('\n'),
  );
  await set.queue.send(messages);
  const ran = await scalestream(['run', PIPELINE, '--until-drained', '--max-messages', '20', '--json'], set.env);
  expect(ran, ran.err).toMatchObject({ code: 0 });
  expect(ran.json()).toMatchObject({ committed: texts.length, duplicates: 0, rejected: 0, diverted: 0 });
  // Whoever is still open, or revised and not announced, is so no longer.
  const ticked = await scalestream(['tick', PIPELINE, '--json'], set.env);
  expect(ticked, ticked.err).toMatchObject({ code: 0 });
  const states = await set.sql<{ state: string; n: number }[]>`
    select state, count(*)::int as n from (
      select state from ga4_activity_windows union all select state from ga4_sales_windows union all select state from ga4_page_views_windows
    ) all_windows group by 1`;
  return {
    tables: await contents(set, ga4, ['revision']),
    unannounced: await unannounced(set),
    states: Object.fromEntries(states.map(({ state, n }) => [state, n])),
    late: Number(ran.json()['late']),
  };
}

test('real events sent as they were exported, in order of time, and shuffled: the same tables, whatever was final before', {
  timeout: 240_000,
}, async ({ skip }) => {
  skip(!hasRealData, NO_REAL_DATA);
  const texts = await exported();
  expect(texts).toHaveLength(truth(GA4_CSV).rows);
  const first = await settled(texts);
  for (const order of [inOrderOfTime(texts), shuffled(texts, SEED)]) {
    expect(order).not.toEqual(texts);
    const { tables, unannounced: missing, states } = await settled(order);
    expect(tables).toEqual(first.tables);
    expect(missing).toBe(0);
    expect(states['open']).toBeUndefined();
  }
  // Years late, hour after hour behind each other: what was final when more of it came was revised.
  expect(first).toMatchObject({ unannounced: 0 });
  expect(first.late).toBeGreaterThan(0);
  expect(first.states).toMatchObject({ revised: expect.any(Number) as number });
  expect(first.states['open']).toBeUndefined();
  console.log(first.states, first.late);
});
