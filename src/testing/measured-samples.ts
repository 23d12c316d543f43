import type { Entry } from '../batch.ts';
import { type AnyEvent, eventTable } from '../event-table.ts';
import { type Micros, MICROS_PER_DAY } from '../event-time.ts';
import type { Measure } from '../measure.ts';
import { acknowledge } from '../operators/acknowledge.ts';
import { decode } from '../operators/decode.ts';
import { foldInto } from '../operators/fold-into.ts';
import { transaction } from '../operators/transaction.ts';
import { NO_MESSAGE } from '../operators/window-fold.ts';
import { type Pipeline, pipeline } from '../pipeline.ts';
import type { Window } from '../window.ts';
import { type WindowTable, windowTable } from '../window-table.ts';

/** A pipeline whose one window holds all samples, measured by one measure. */
export interface MeasuredSamples {
  readonly graph: Pipeline;
  readonly table: WindowTable<AnyEvent>;
  readonly entries: readonly Entry<unknown>[];
}

const nothing = (): void => undefined;

const ONE_DAY: Window<unknown> = {
  kind: 'tumbling',
  shape: [MICROS_PER_DAY],
  of: () => ({ start: 0, end: MICROS_PER_DAY }),
  stored: MICROS_PER_DAY,
  longest: MICROS_PER_DAY,
};

const ANYTHING = {
  '~standard': { version: 1, vendor: 'scalestream', validate: (value: unknown) => ({ value }) },
} as const;

/** @param time of a sample, microseconds since 1970. */
export function measuredSamples<T>(
  measure: Measure<T>,
  samples: readonly T[],
  time: (sample: T, i: number) => Micros,
): MeasuredSamples {
  const events = eventTable('samples', { schema: ANYTHING, id: () => '', time: () => 0, keep: 'forever' });
  const { needs: _, ...anywhere } = measure as Measure<unknown>;
  const table = windowTable('sampled', events, {
    window: ONE_DAY,
    key: {},
    measures: { measure: anywhere },
  });
  const graph = pipeline('samples', [events, table], ({ messages, store }) =>
    messages.pipe(
      decode<unknown>({ decode: nothing, table: events }),
      transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(table))),
      acknowledge(),
    ),
  );
  const entries = samples.map(
    (value, i): Entry<unknown> => ({
      value,
      id: `sample ${i}`,
      time: time(value, i),
      raw: '{}',
      json: '{}',
      message: NO_MESSAGE,
      ordinal: i,
      position: i,
    }),
  );
  return { graph, table, entries };
}
