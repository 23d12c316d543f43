import { MICROS_PER_MS } from '../../event-time.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Report, Reported, Timekeeping } from '../../timekeeping.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { closeWindows } from './close-windows.ts';
import { postgresOutbox } from './outbox.ts';
import { enter, type Entering, LEAVE } from './enter.ts';
import { fencedNow } from './fenced.ts';
import { retention } from './retain.ts';

/** Who keeps time. */
export interface TimelineOptions {
  readonly entering: Entering;
  /** How late events came, since the worker began. */
  readonly delays: () => readonly number[];
  /** Called with each watermark that is read. */
  readonly onWatermark: (watermark: number | undefined) => void;
}

interface Told {
  readonly fenced: number;
  readonly clock: string;
  /** Whether the worker's row took the report. */
  readonly told: number;
}

const micros = (column: string): string => `(extract(epoch from ${column}) * 1000000)::bigint`;

/**
 * While nobody could report, nobody died: whoever comes back first lets everybody live on who lived when the silence began. Their leases went on.
 * Once only, until they report themselves: where workers run for a while now and then, each begins after a silence, and one that died must be given up at last.
 */
const WAKE = `
with last as (select max(told_at) as at from scalestream.workers where pipeline = $1::text), due as (
  select w.instance from scalestream.workers w, last
  where w.pipeline = $1::text and w.ended_at is null and w.expires_at > last.at and (w.woken_at is null or w.woken_at <= w.told_at) and last.at < clock_timestamp() - interval '5 seconds'
  order by w.instance for update of w
)
update scalestream.workers w set expires_at = w.expires_at + (clock_timestamp() - last.at), woken_at = clock_timestamp()
from last where w.pipeline = $1::text and w.instance in (select instance from due)`;

/** A worker that has not reported for so long asks whether anybody has. */
const SILENCE_MS = 5_000;

const REPORT = `
with fence as (select name from scalestream.pipelines where name = $1::text and version = $2::text), told as (
  update scalestream.workers w
  set report = $4::text::bigint, low = timestamptz 'epoch' + $5::text::bigint * interval '1 millisecond', low_source = $6::text, holding = $7::text::boolean,
    delays = $8::text::bigint[], seen_at = clock_timestamp(), told_at = clock_timestamp(), expires_at = clock_timestamp() + $9::text::bigint * interval '1 millisecond',
    vitals = $10::text::jsonb
  from fence where w.pipeline = fence.name and w.instance = $3::text and w.report < $4::text::bigint
  returning 1
)
select (select count(*) from fence)::int as fenced, ${micros('clock_timestamp()')}::text as clock, (select count(*) from told)::int as told`;

/**
 * One watermark a pipeline; whoever moves it looks at all live workers. Moves that are tiny are left to the next. The version is held until it has moved: a deploy
 * waits for that, or is waited for, and another skew is not mixed into it.
 */
export const ADVANCE = `
with fence as materialized (select from scalestream.pipelines where name = $1::text and version = $3::text for share), mark as (
  select case when count(*) > 0 and bool_and(low is not null) then min(low) - $2::text::bigint * interval '1 millisecond' end as low
  from scalestream.holds where pipeline = $1::text and exists (select from fence)
), moved as (
  update scalestream.watermarks w set watermark = mark.low, moved_at = clock_timestamp()
  from mark where w.pipeline = $1::text and mark.low > coalesce(w.watermark, '-infinity')
    and w.moved_at <= clock_timestamp() - interval '20 milliseconds'
  returning w.watermark
)
select ${micros('coalesce((select watermark from moved), (select watermark from scalestream.watermarks where pipeline = $1::text))')}::text as watermark,
  (select count(*) from moved)::int as moved, (select count(*) from fence)::int as fenced`;

/** Time in Postgres. Each step is one statement, safe beside any other worker's. */
export function timeline(connection: Connection, pipeline: Pipeline, options: TimelineOptions): Timekeeping {
  const { name, version, events } = pipeline;
  const { entering, delays, onWatermark } = options;
  const { instance, lifeMs } = entering;
  const close = closeWindows(connection, pipeline);
  const retain = retention(connection, pipeline);
  let reports = 0;
  let toldAt = Number.NEGATIVE_INFINITY;
  let left = false;

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
    retain: (onDropped) => classified(() => retain(onDropped)),
    leave() {
      left = true;
      return classified(async () => void (await connection.run(LEAVE, [name, instance])));
    },
  };

  async function report({ low, source, holding, vitals }: Report): Promise<Reported> {
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
      vitals ? JSON.stringify(vitals) : null,
    ];
    if (performance.now() - toldAt > SILENCE_MS) await connection.run(WAKE, [name]);
    let told = await tell(parameters);
    if (told.told === 0 && !left) {
      // Somebody lost the row: a standby that took over was behind, a backup came back.
      await enter(connection, pipeline, entering);
      told = await tell(parameters);
    }
    toldAt = performance.now();
    const [mark] = await connection.run<{ watermark: string | null; moved: number; fenced: number }>(ADVANCE, [
      name,
      String(events.skew),
      version,
    ]);
    if (mark?.fenced !== 1) throw await fencedNow(connection, pipeline);
    const watermark = mark.watermark ? Number(mark.watermark) : undefined;
    onWatermark(watermark);
    return { clock: Number(told.clock) / MICROS_PER_MS, watermark, moved: mark.moved === 1 };
  }

  async function tell(parameters: readonly (string | null)[]): Promise<Told> {
    const [told] = await connection.run<Told>(REPORT, parameters);
    if (told?.fenced !== 1) throw await fencedNow(connection, pipeline);
    return told;
  }
}
