import { type Reader, reading } from './reading.ts';
import type { SpreadReading } from '../spread.ts';

/** What a server counts: see `ServerCounts`. */
interface Served {
  readonly requests: () => readonly {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly seconds: SpreadReading;
  }[];
  readonly streams: number;
}

/** What an API tells of itself. `accepted`: by pipeline, events that came in by HTTP. */
export function serverReadings(served: Served, accepted: () => Iterable<readonly [string, number]>): Reader {
  return () => [
    ...served.requests().map(({ method, route, status, seconds }) =>
      reading(
        'requests',
        {
          'http.request.method': method,
          'http.route': route,
          'http.response.status_code': String(status),
          'url.scheme': 'http',
        },
        seconds,
      ),
    ),
    reading('streams', {}, served.streams),
    ...[...accepted()].map(([pipeline, events]) => reading('ingested', { pipeline }, events)),
  ];
}
