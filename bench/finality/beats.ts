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
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';

/** Milliseconds. */
export const WINDOW_MS = 1_000;
/** As short as a visibility timeout of 4 s and its flush allow, and some. */
export const LATENESS_MS = 10_000;

const Beat = z.object({
  id: z.string(),
  /** Milliseconds since 1970. */
  at: z.number(),
  sensor: z.string(),
  value: z.number(),
});

export type Beat = z.infer<typeof Beat>;

const beats = eventTable('beats', {
  schema: Beat,
  id: { uuid: (e) => e.id },
  time: (e) => e.at,
  keep: '2d',
  lateness: `${LATENESS_MS}ms`,
});

const pulse = windowTable('pulse', beats, {
  window: tumbling(`${WINDOW_MS}ms`),
  key: { sensor: (e) => e.sensor },
  measures: { beats: count(), value: sum((e) => e.value) },
});

/** Small windows of small events: how soon they are final is all that matters. */
export default pipeline('beats', [beats, pulse], ({ messages, store }) =>
  messages.pipe(
    decode(json(beats)),
    gather({ events: 5_000, within: '100ms' }),
    transaction(store, { once: beats }, (fresh$) => fresh$.pipe(foldInto(pulse))),
    acknowledge(),
  ),
);
