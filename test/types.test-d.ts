import { EMPTY, from, type Observable, of } from 'rxjs';
import { assertType, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  acknowledge,
  type Amount,
  type Batch,
  type Committed,
  count,
  decode,
  eventTable,
  filterEvents,
  flatMapEvents,
  type Fold,
  foldInto,
  type Fresh,
  gather,
  json,
  mapEvents,
  mean,
  money,
  pipeline,
  type Pipeline,
  type Receipt,
  type Store,
  sum,
  toQueue,
  toTable,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../src/index.ts';
import type { Delivery } from '../src/custody.ts';
import storefront from '../src/pipelines/storefront.ts';

const Visit = z.object({ id: z.string(), at: z.number(), page: z.string(), referrer: z.string().optional() });
type Visit = z.infer<typeof Visit>;

const visits = eventTable('visits', { schema: Visit, id: (e) => e.id, time: (e) => e.at, keep: '1d' });
const window = tumbling('10s');
const pages = windowTable('pages', visits, { window, key: { page: (e) => e.page }, measures: { n: count() } });

declare const store: Store;
declare const messages: Observable<Delivery>;
declare const batch$: Observable<Batch<Visit>>;
declare const fresh$: Observable<Fresh<Visit>>;

const fold = (events$: Observable<Fresh<Visit>>): Observable<Fold> => events$.pipe(foldInto(pages));

test('a transaction takes batches and gives committed ones', () => {
  expectTypeOf(batch$.pipe(transaction(store, { once: visits }, fold))).toEqualTypeOf<Observable<Committed>>();
});

test('forgetting `once` does not compile', () => {
  // @ts-expect-error which events are new is decided by a table
  transaction(store, {}, fold);
});

test('a transaction on another table than that of the events does not compile', () => {
  const clicks = eventTable('clicks', {
    schema: z.object({ x: z.number() }),
    id: () => 'a',
    time: () => 0,
    keep: '1d',
  });
  // @ts-expect-error visits are no clicks
  batch$.pipe(transaction(store, { once: clicks }, () => EMPTY));
});

test('only fresh events can be folded', () => {
  expectTypeOf(fresh$.pipe(foldInto(pages))).toEqualTypeOf<Observable<Fold>>();
  // @ts-expect-error nobody said that these are new
  batch$.pipe(foldInto(pages));
  // @ts-expect-error not even after being gathered
  batch$.pipe(gather({ events: 1, within: '1s' }), foldInto(pages));
  // @ts-expect-error nor straight from decoding
  messages.pipe(decode(json(visits)), foldInto(pages));
  // @ts-expect-error a batch cannot be called fresh
  assertType<Fresh<Visit>>({} as Batch<Visit>);
});

test('events stay fresh, or not fresh, through the operators', () => {
  const isDirect = (e: Visit): boolean => e.referrer === undefined;
  expectTypeOf(fresh$.pipe(filterEvents(isDirect))).toEqualTypeOf<Observable<Fresh<Visit>>>();
  expectTypeOf(fresh$.pipe(mapEvents((e) => e.page))).toEqualTypeOf<Observable<Fresh<string>>>();
  expectTypeOf(fresh$.pipe(flatMapEvents((e) => [e.at]))).toEqualTypeOf<Observable<Fresh<number>>>();
  expectTypeOf(batch$.pipe(mapEvents((e) => e.page))).toEqualTypeOf<Observable<Batch<string>>>();
  batch$.pipe(
    // @ts-expect-error a map does not make them fresh
    mapEvents((e) => e),
    foldInto(pages),
  );
});

test('a filter by a type guard narrows', () => {
  type Referred = Visit & { referrer: string };
  const isReferred = (e: Visit): e is Referred => e.referrer !== undefined;
  expectTypeOf(batch$.pipe(filterEvents(isReferred))).toEqualTypeOf<Observable<Batch<Referred>>>();
});

test('folding other events than those of the window table does not compile', () => {
  fresh$.pipe(
    // @ts-expect-error pages need a page
    mapEvents((e) => ({ id: e.id })),
    foldInto(pages),
  );
});

test('only committed batches can be acknowledged', () => {
  expectTypeOf(of({} as Committed).pipe(acknowledge())).toEqualTypeOf<Observable<Receipt>>();
  // @ts-expect-error a batch is not in the store yet
  batch$.pipe(acknowledge());
  // @ts-expect-error nor are fresh events
  fresh$.pipe(acknowledge());
});

test('a pipeline without acknowledge does not compile', () => {
  pipeline('visits', [visits, pages], ({ messages, store }) =>
    // @ts-expect-error its messages would come back for ever
    messages.pipe(decode(json(visits)), transaction(store, { once: visits }, fold)),
  );
  // @ts-expect-error the same without a transaction
  pipeline('visits', [visits, pages], ({ messages }) => messages.pipe(decode(json(visits))));
});

test('keys that may be undefined do not compile; values of measures may be', () => {
  windowTable('t', visits, { window, key: { page: (e) => e.referrer ?? '(none)' }, measures: {} });
  // @ts-expect-error a key column is never null
  windowTable('t', visits, { window, key: { referrer: (e) => e.referrer }, measures: {} });
  // @ts-expect-error nor with a type
  windowTable('t', visits, { window, key: { referrer: { uuid: (e) => e.referrer } }, measures: {} });
  windowTable('t', visits, { window, key: {}, measures: { n: sum((e) => (e.referrer ? 1 : undefined)) } });
});

test('an id that may be undefined does not compile', () => {
  // @ts-expect-error an event has an id
  eventTable('t', { schema: Visit, id: (e) => e.referrer, time: (e) => e.at, keep: '1d' });
  // @ts-expect-error and a time
  eventTable('t', { schema: Visit, id: (e) => e.id, time: (e) => e.referrer, keep: '1d' });
});

test('columns and measures of other fields than those of the event do not compile', () => {
  // @ts-expect-error no such field
  windowTable('t', visits, { window, key: { page: (e) => e.pgae }, measures: {} });
  // @ts-expect-error no such field
  windowTable('t', visits, { window, key: {}, measures: { n: sum((e) => e.cents) } });
  eventTable('t', {
    schema: Visit,
    id: (e) => e.id,
    time: (e) => e.at,
    keep: '1d',
    // @ts-expect-error a boolean column is a boolean
    columns: { p: { boolean: (e) => e.page } },
  });
});

test('durations have units, retention has days', () => {
  // @ts-expect-error no unit
  gather({ events: 1, within: '100' });
  // @ts-expect-error hours are no days
  eventTable('t', { schema: Visit, id: (e) => e.id, time: (e) => e.at, keep: '1h' });
});

test('a whole pipeline file compiles with neither annotation nor cast of its tables', () => {
  expectTypeOf(storefront).toEqualTypeOf<Pipeline>();
});

test('types flow from the schema to the columns of the window table, without annotation', () => {
  const table = windowTable('t', visits, {
    window,
    key: { page: (e) => e.page },
    measures: { n: count(), time: sum((e) => e.at) },
  });
  expectTypeOf<keyof typeof table.key>().toEqualTypeOf<'page'>();
  expectTypeOf<keyof typeof table.measures>().toEqualTypeOf<'n' | 'time'>();
  expectTypeOf(from([] as Delivery[]).pipe(decode(json(visits)))).toEqualTypeOf<Observable<Batch<Visit>>>();
});

test('a branch knows the names of its table’s keys and measures', () => {
  const measures = { n: count(), time: mean((e: Visit) => e.at) };
  const table = windowTable('t', visits, { window, key: { page: (e) => e.page }, measures });
  const queue = toQueue({ queue: 'q' });
  whenFinal(table, queue, {
    name: 'q',
    when: (w) => w.key.page !== '/' && w.measures.n !== '0',
    body: (w) => [w.measures.time, w.measures.time_sum, w.measures.time_count, w.revision + 1, w.revised],
  });
  // @ts-expect-error no such key
  whenFinal(table, queue, { name: 'q', when: (w) => w.key.pgae === '/' });
  // @ts-expect-error no such measure
  whenFinal(table, queue, { name: 'q', body: (w) => w.measures.m });
  // @ts-expect-error a branch out of the database has a name
  whenFinal(table, queue);
  // @ts-expect-error a table takes every window
  whenFinal(table, toTable('f'), { name: 'f' });
  // @ts-expect-error a promise is neither true nor false
  whenFinal(table, queue, { name: 'q', when: async () => true });
});

test('a measure’s unit is in the type of what is read of it: of another unit it does not compile', () => {
  const table = windowTable('t', visits, {
    window,
    key: { page: (e) => e.page },
    measures: {
      n: count(),
      euros: money((e) => e.at, { currency: 'EUR' }),
      spent: sum((e) => e.at, { unit: 'USD' }),
      each: money((e) => e.at, { currency: (e) => e.page }),
    },
  });
  const inEuros = (euros: Amount<'EUR'> | null): string => euros ?? '0';
  const queue = toQueue({ queue: 'q' });
  whenFinal(table, queue, { name: 'q', body: (w) => inEuros(w.measures.euros) });
  // text is text, whatever its unit
  whenFinal(table, queue, {
    name: 'q',
    body: (w) => [w.measures.euros?.length, w.measures.spent, Number(w.measures.n)],
  });
  // @ts-expect-error these are dollars
  whenFinal(table, queue, { name: 'q', body: (w) => inEuros(w.measures.spent) });
  expectTypeOf<NonNullable<NonNullable<(typeof table)['taken']>['measures']['n']>>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<NonNullable<(typeof table)['taken']>['measures']['each']>>().toEqualTypeOf<string>();
  windowTable('over', table, {
    window,
    key: {},
    measures: {
      total: sum((w) => w.measures.euros),
      // @ts-expect-error windows over windows know it too
      wrong: sum((w) => inEuros(w.measures.spent)),
    },
  });
});
