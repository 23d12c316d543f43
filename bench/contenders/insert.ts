import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { trafficTexts } from '../traffic.ts';
import { contend } from './contend.ts';

const ROWS = 5_000;
const PARALLEL = 2;

const INSERT = `insert into shop_events (event_time, event_id, counted, event)
  select timestamptz 'epoch' + given.us * interval '1 microsecond', given.id, true, given.event
  from rows from (unnest($1::text::uuid[]), unnest($2::text::bigint[]), json_array_elements($3::text::json)) as given (id, us, event)
  order by 1, 2`;

/** The bare database: the same rows into the same table over the same connection, raw rows only; nothing is received, folded or looked up. */
await contend(async ({ databaseUrl, events }) => {
  const database = postgresDatabase({ url: databaseUrl });
  await database.migrate(storefront);
  const rows = [...trafficTexts(events)].map((text) => {
    const { id, at } = JSON.parse(text) as { id: string; at: string };
    return { id, us: Date.parse(at) * 1_000, text };
  });
  const days = new Set(rows.map(({ us }) => new Date(us / 1_000).toISOString().slice(0, 10)));
  for (const day of days)
    await database.connection.run('select scalestream.add_partition($1::text, $2::text::date)', ['shop_events', day]);
  const flushes = Array.from({ length: Math.ceil(rows.length / ROWS) }, (_, i) => {
    const part = rows.slice(i * ROWS, (i + 1) * ROWS);
    const list = (values: readonly (string | number)[]): string => `{${values.join(',')}}`;
    return [
      list(part.map(({ id }) => id)),
      list(part.map(({ us }) => us)),
      `[${part.map(({ text }) => text).join(',')}]`,
    ];
  });
  const loop = async (): Promise<void> => {
    for (let flush = flushes.shift(); flush; flush = flushes.shift()) await database.connection.run(INSERT, flush);
  };
  return {
    run: async () => void (await Promise.all(Array.from({ length: PARALLEL }, loop))),
    close: () => database.close(),
  };
});
