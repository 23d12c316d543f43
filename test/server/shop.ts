import { deliverOnce, type Pipeline, simulate } from '../../src/index.ts';
import { type MetricsApi, metricsApi, type MetricsApiOptions, readDatabase } from '../../src/server/index.ts';
import { message } from '../support/message.ts';
import { run } from '../support/orders.ts';
import { type PostgresPlace, postgresPlace } from '../support/postgres-place.ts';

/** A database with pipelines that have run, and the API over it. */
export interface Served {
  readonly place: PostgresPlace;
  readonly app: MetricsApi;
  /** Another API over the same database. */
  api(options?: Partial<MetricsApiOptions>): MetricsApi;
  close(): Promise<void>;
}

/** When the simulated traffic begins: two days of it, whole ones, and not so long ago that it would not be kept. */
export const START = (Math.floor(Date.now() / 86_400_000) - 3) * 86_400_000;
export const END = START + 2 * 86_400_000;

/** Serves pipelines over simulated traffic of two days; windows that end a quarter of a day before its end are final. */
export async function served(pipelines: readonly Pipeline[], { events = 1_500 } = {}): Promise<Served> {
  const place = await postgresPlace();
  for (const graph of pipelines) {
    const past = { startAt: START, rate: events / (2 * 86_400) };
    const texts = [...simulate({ ...past, events, users: 100, products: 30, bad: 0.01 }).texts()];
    const store = await place.open(graph);
    await run(graph, store, [texts.map((text) => ({ ...message(text), sentAt: END }))]);
    await passTo(place, END - 6 * 3_600_000);
    for (let i = 0; i < 3; i++) {
      await store.time.tick();
      await deliverOnce(graph, store.time.outbox);
    }
  }
  return serving(place, pipelines);
}

/** Serves pipelines over what a place has. */
export function serving(place: PostgresPlace, pipelines: readonly Pipeline[]): Served {
  const database = readDatabase({ url: place.url, connections: 2 });
  const api: Served['api'] = (options) =>
    metricsApi({ pipelines, database, cache: { staleMs: 0 }, onError: console.error, ...options });
  return {
    place,
    app: api(),
    api,
    async close() {
      await database.close();
      await place.close();
    },
  };
}

/** Moves the watermark of all pipelines. */
export const passTo = (place: PostgresPlace, ms: number): Promise<unknown> =>
  place.query(`insert into scalestream.watermarks (pipeline, watermark) select name, to_timestamp(${ms / 1_000}) from scalestream.pipelines
    on conflict (pipeline) do update set watermark = excluded.watermark`);
