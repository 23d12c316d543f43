import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  foldInto,
  gather,
  json,
  pipeline,
  sum,
  toWebhook,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../../src/index.ts';

const observed = eventTable('observed_events', {
  schema: z.object({ id: z.uuid(), at: z.string(), cents: z.int() }),
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '30d',
  lateness: '4s',
});

const takings = windowTable('takings', observed, {
  window: tumbling('1s'),
  key: {},
  measures: { events: count(), cents: sum((e) => e.cents) },
});

/** Nobody listens there: what is to be delivered waits. */
const nowhere = whenFinal(takings, toWebhook({ url: 'http://127.0.0.1:9/' }), { name: 'nowhere' });

/** A pipeline with one of everything that is told of, and windows that are soon final. */
export default pipeline('observed', [observed, takings, nowhere], ({ messages, store }) =>
  messages.pipe(
    decode(json(observed)),
    gather({ events: 500, within: '50ms' }),
    transaction(store, { once: observed }, (fresh$) => fresh$.pipe(foldInto(takings))),
    acknowledge(),
  ),
);
