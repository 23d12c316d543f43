import { map, type OperatorFunction } from 'rxjs';
import { z } from 'zod';
import type { Fresh } from '../../src/batch.ts';
import {
  acknowledge,
  count,
  decode,
  eventTable,
  type Fold,
  foldInto,
  gather,
  hopping,
  json,
  type Pipeline,
  pipeline,
  sum,
  transaction,
  tumbling,
  type Window,
  windowTable,
} from '../../src/index.ts';

const SIZE_MICROS = 60_000_000;
const HOP_MICROS = 10_000_000;
const PANES = SIZE_MICROS / HOP_MICROS;

/** `tumbling`: a row a minute; `hopping`: a pane every ten seconds, windows of a minute; `rows`: the same windows, each a row, so that an event goes into six. */
export type Kind = 'tumbling' | 'hopping' | 'rows';

const View = z.object({
  id: z.string(),
  at: z.string(),
  product: z.string().optional(),
  cents: z.int().optional(),
});

const windows: Readonly<Record<Kind, Window<unknown>>> = {
  tumbling: tumbling('1m'),
  hopping: hopping({ size: '1m', every: '10s' }),
  rows: { ...tumbling('1m'), of: tumbling('10s').of },
};

/** The trade of each product, in windows of that kind; nothing else is folded. */
export function benched(kind: Kind): Pipeline {
  const views = eventTable('views', { schema: View, id: { uuid: (e) => e.id }, time: (e) => e.at, keep: '90d' });
  const trade = windowTable('trade', views, {
    window: windows[kind],
    key: { product: (e) => e.product ?? '(none)' },
    measures: { events: count(), cents: sum((e) => e.cents) },
  });
  const fold: OperatorFunction<Fresh<z.infer<typeof View>>, Fold> = kind === 'rows'
    ? (fresh$) => fresh$.pipe(foldInto(trade), map(intoEach))
    : foldInto(trade);
  return pipeline('views', [views, trade], ({ messages, store }) =>
    messages.pipe(
      decode(json(views)),
      gather({ events: 5_000, within: '100ms' }),
      transaction(store, { once: views }, (fresh$) => fresh$.pipe(fold)),
      acknowledge(),
    ),
  );
}

/** What is contributed to a pane, contributed to each of the windows that hold it. */
function intoEach(fold: Fold): Fold {
  const times = Array.from({ length: PANES }, (_, n) => n);
  const each = <T>(values: readonly T[], of: (value: T, n: number) => T): T[] =>
    values.flatMap((value) => times.map((n) => of(value, n)));
  const windows = each(fold.windows, (start, n) => start - n * HOP_MICROS);
  return {
    ...fold,
    windows,
    ends: windows.map((start) => start + SIZE_MICROS),
    keys: fold.keys.map((column) => each(column, (key) => key)),
    event: each(fold.event, (position) => position),
    group: each(fold.group, (group, n) => group * PANES + n),
    values: fold.values.map((column) => each(column, (value) => value)),
  };
}
