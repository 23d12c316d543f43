import { MICROS_PER_MS } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Report, Reported, Timekeeping } from '../../timekeeping.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { closeWindows } from './close-windows.ts';
import { postgresOutbox } from './outbox.ts';
import { LEAVE } from './enter.ts';
import { fencedNow } from './fenced.ts';
import { retention } from './retain.ts';

/** Who keeps time. */
export interface TimelineOptions {
  /** Names this run of the worker; no other has it. */
  readonly instance: string;
  /** How long after its last report a worker counts as alive, milliseconds. */
  readonly lifeMs: number;
  /** How late events came, since the worker began. */
  readonly delays: () => readonly number[];
  /** Called with each watermark that is read. */
  readonly onWatermark: (watermark: number | undefined) => void;
}

const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`;

const REPORT = `
with fence as (select name from scalestream.pipelines where name = $1::text and version = $2::text), told as (
  update scalestream.workers w
  set report = $4::text::bigint, low = timestamptz 'epoch' + $5::text::bigint * interval '1 millisecond', low_source = $6::text, holding = $7::text::boolean,
    delays = $8::text::bigint[], seen_at = clock_timestamp(), expires_at = clock_timestamp() + $9::text::bigint * interval '1 millisecond'
  from fence where w.pipeline = fence.name and w.instance = $3::text and w.report < $4::text::bigint
  returning 1
)
select (select count(*) from fence)::int as fenced, ${micros('clock_timestamp()')}::text as clock, (select count(*) from told)::int as told`;

/** One watermark a pipeline; whoever moves it looks at all live workers. Moves that are tiny are left to the next. */
export const ADVANCE = `
with mark as (
  select case when count(*) > 0 and bool_and(low is not null) then min(low) - $2::text::bigint * interval '1 millisecond' end as low
  from scalestream.holds where pipeline = $1::text
), moved as (
  update scalestream.watermarks w set watermark = mark.low, moved_at = clock_timestamp()
  from mark where w.pipeline = $1::text and mark.low > coalesce(w.watermark, '-infinity')
    and w.moved_at <= clock_timestamp() - interval '20 milliseconds'
  returning w.watermark
)
select ${micros('coalesce((select watermark from moved), (select watermark from scalestream.watermarks where pipeline = $1::text))')}::text as watermark,
  (select count(*) from moved)::int as moved`;

/** Time in Postgres. Each step is one statement, safe beside any other worker's. */
export function timeline(connection: Connection, pipeline: Pipeline, options: TimelineOptions): Timekeeping {
  const { name, version, events } = pipeline;
  const { instance, lifeMs, delays, onWatermark } = options;
  const close = closeWindows(connection, pipeline);
  const retain = retention(connection, pipeline);
  let reports = 0;

  const classified = async <T>(run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw classify(error, events.name);
    }
  };

  return {
    report: (told) => classified(() => report(told)),
    tick: () => classified(close),
    outbox: postgresOutbox(connection, pipeline),
    retain: () => classified(retain),
    leave: () => classified(async () => void (await connection.run(LEAVE, [name, instance]))),
  };

  async function report({ low, source, holding }: Report): Promise<Reported> {
    // A report that was held up on its way must not undo a later one.
    const parameters = [
      name,
      version,
      instance,
      String(++reports),
      low === undefined ? null : String(Math.floor(low)),
      source,
      String(holding),
      `{${delays().join(',')}}`,
      String(lifeMs),
    ];
    const [told] = await connection.run<{ fenced: number; clock: string }>(REPORT, parameters);
    if (told?.fenced !== 1) throw await fencedNow(connection, pipeline);
    const [mark] = await connection.run<{ watermark: string | null; moved: number }>(ADVANCE, [
      name,
      String(events.skew),
    ]);
    const watermark = mark?.watermark ? Number(mark.watermark) : undefined;
    onWatermark(watermark);
    return { clock: Number(told.clock) / MICROS_PER_MS, watermark, moved: mark?.moved === 1 };
  }
}
