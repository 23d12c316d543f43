import { capture } from '../../src/producer/capture.ts';
import { GA4_CSV, realData, truth } from '../support/e2e-data.ts';
import { books, expectedTable } from './books.ts';
import { type Input, packing } from './parcel.ts';

const HOUR_MS = 3_600_000;

/** The real events: the whole file once, and again from the start as often as it is asked for more. */
export interface Ga4Input extends Input {
  readonly rows: number;
  /** How many rows were given out, repeats included. */
  readonly given: number;
}

/** Reads the captured shop, and folds it plainly the first time. */
export function ga4Input(): Ga4Input {
  const activity = expectedTable('ga4_activity', ['event_name'], [{ kind: 'sum', column: 'events' }]);
  const sales = expectedTable(
    'ga4_sales',
    [],
    [
      { kind: 'sum', column: 'purchases' },
      { kind: 'decimal', column: 'revenue_usd' },
    ],
  );
  const views = expectedTable('ga4_page_views', ['country'], [{ kind: 'sum', column: 'views' }]);
  const kept = books('ga4', 'ga4_events', 'text', [activity, sales, views]);
  const { rows } = truth(GA4_CSV);
  const texts = endless();
  let given = 0;

  function count(event: Readonly<Record<string, string>>): void {
    const { event_id: id = '', event_name: name = '', event_timestamp: micros = '' } = event;
    const ms = Math.floor(Number(micros) / 1_000);
    const hour = ms - (ms % HOUR_MS);
    kept.events++;
    kept.digest.add(`${id}|${micros}`);
    activity.add(hour, [name], [1]);
    if (name === 'purchase') sales.add(hour, [], [1, event['ecommerce.purchase_revenue_in_usd'] ?? null]);
    if (name === 'page_view') views.add(hour, [event['geo.country'] ?? '(not set)'], [1]);
  }

  return {
    books: kept,
    rows,
    get given() {
      return given;
    },
    async next(events) {
      const pack = packing('ga4');
      for (const end = given + events; given < end; given++) {
        const text = (await texts.next()).value as string;
        const event = JSON.parse(text) as Readonly<Record<string, string>>;
        if (given < rows) count(event);
        pack.event(text, event['event_id'] ?? '', Number(event['event_timestamp']));
      }
      return pack.parcel();
    },
  };
}

async function* endless() {
  for (;;) yield* await capture(realData(GA4_CSV));
}
