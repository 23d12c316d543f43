import { type Flatness, flatness } from './flatness.ts';
import type { PostgresSample, TableSample } from './postgres-sample.ts';
import type { WorkerLife } from './worker-life.ts';

/** A series with its judgement. */
export interface Judged extends Flatness {
  readonly what: string;
  readonly unit: string;
  readonly isFlat: boolean;
}

/** Share of a life that does not count. */
const WARM_UP = 0.3;
/** Growth in per cent, from the first third to the last, that is still flat. */
const MAX_GROWTH = 10;
/** Descriptors, sockets and connections come and go with the load by so many. */
const MAX_MORE = 4;
/** What is in custody at one moment and not at another. */
const HEAP_NOISE_MB = 10;
/** A table below this size is a few pages, and its size a row says nothing. */
const SMALL_BYTES = 2 ** 20;

/** Of a worker process. */
export function workerSeries({ name, samples }: WorkerLife): Judged[] {
  const more = (what: string, value: (sample: (typeof samples)[number]) => number): Judged => {
    const found = flatness(
      samples.map((sample) => ({ seconds: sample.seconds, value: value(sample) })),
      WARM_UP,
    );
    return { ...found, what: `worker ${name}: ${what}`, unit: '', isFlat: found.late - found.early <= MAX_MORE };
  };
  const [rss, heap] = [more('RSS', ({ rssMb }) => rssMb), more('heap', ({ heapMb }) => heapMb)];
  return [
    { ...rss, unit: 'MB', isFlat: rss.growth <= MAX_GROWTH },
    { ...heap, unit: 'MB', isFlat: heap.growth <= MAX_GROWTH || heap.late - heap.early <= HEAP_NOISE_MB },
    more('descriptors', ({ descriptors }) => descriptors),
    more('sockets', ({ sockets }) => sockets),
    more('threads', ({ threads }) => threads),
    more('timers, sockets, requests', ({ resources }) => resources),
    more('listeners of the process', ({ listeners }) => listeners),
  ];
}

/** Of one life of the database. What grows with the events is told and not judged. */
export function postgresSeries(samples: readonly PostgresSample[], index: number): Judged[] {
  const series = (what: string, unit: string, value: (sample: PostgresSample) => number): Judged => ({
    ...flatness(
      samples.map((sample) => ({ seconds: sample.seconds, value: value(sample) })),
      WARM_UP,
    ),
    what: `Postgres ${index + 1}: ${what}`,
    unit,
    isFlat: true,
  });
  const connections = series('connections', '', (sample) => sample.connections);
  return [
    { ...connections, isFlat: connections.late - connections.early <= MAX_MORE },
    ...(samples[0]?.tables ?? []).flatMap(({ name }) => {
      const of = (value: (table: TableSample) => number) => (sample: PostgresSample) =>
        sample.tables.filter((table) => table.name === name).reduce((sum, table) => sum + value(table), 0);
      const size = series(
        `${name}, size a row`,
        'bytes',
        of(({ bytes, rows }) => bytes / Math.max(1, rows)),
      );
      const isSmall = of(({ bytes }) => bytes)(samples.at(-1) as PostgresSample) < SMALL_BYTES;
      return [
        { ...size, isFlat: isSmall || size.growth <= MAX_GROWTH },
        series(
          `${name}, dead a live row`,
          '',
          of(({ dead, rows }) => dead / Math.max(1, rows)),
        ),
        series(
          `${name}, size`,
          'kB',
          of(({ bytes }) => bytes / 1_024),
        ),
        series(
          `${name}, rows`,
          '',
          of(({ rows }) => rows),
        ),
      ];
    }),
    series('the whole database', 'MB', ({ databaseMb }) => databaseMb),
  ];
}
