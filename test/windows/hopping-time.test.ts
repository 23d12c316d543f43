import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshot, type Store, verify } from '../../src/index.ts';
import type { Order } from '../support/orders.ts';
import { at, FORGET_ALL, HOP_MS, hoppingStage, SIZE_MS, UNDELIVERED } from './hopping-stage.ts';

const PRODUCTS = ['tea', 'mug'];
/** Orders of eight hops, some of them far from the others, so that windows hold none, one, or several panes. */
const TIMES = [0, 1, 2, 3, 7, 8, 12, 13].map((hop) => hop * HOP_MS);
const LAST = 16 * HOP_MS + SIZE_MS;

const order: fc.Arbitrary<Order> = fc
  .record({ n: fc.nat({ max: 30 }), ms: fc.constantFrom(...TIMES), product: fc.constantFrom(...PRODUCTS) })
  // What an order is follows from its id.
  .map(({ n, ms, product }) => at(ms + n, `${product} ${ms} ${n}`, product, n % 4));

type Step = { readonly orders: readonly Order[] } | { readonly passes: number } | { readonly tick: true };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ orders: fc.array(order, { minLength: 1, maxLength: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ passes: fc.integer({ min: 0, max: LAST }) }) },
    { weight: 3, arbitrary: fc.constant({ tick: true as const }) },
  ),
  { minLength: 4, maxLength: 30, size: 'max' },
);

/** Refuses what must never happen to windows that are closed for good: a pane changes, or comes to be. */
const CLOSED_FOR_GOOD = `
create function never() returns trigger language plpgsql as $$ begin
  raise exception 'never: a window changes that is final: %', new; end $$;
create function never_late() returns trigger language plpgsql as $$ begin
  if new.pane_start + interval '${HOP_MS} milliseconds' <= (select frontier from scalestream.tables where name = 'orders')
  then raise exception 'never: a pane comes too late: %', new; end if;
  return new; end $$;
create trigger never before update on trend for each row when (old.final_until is not null and old.revision <> new.revision) execute function never();
create trigger never_late after insert on trend for each row execute function never_late();`;

test.each(['revise', 'divert'] as const)(
  'whatever comes, in whatever order: Postgres labels hopping windows as the memory store does, delivers what that announces, and at last what there is (%s)',
  { timeout: 300_000 },
  async (late) => {
    const stage = await hoppingStage(late);
    if (late === 'divert') await stage.place.query(CLOSED_FOR_GOOD);
    const seen = { final: 0, revised: 0, late: 0, diverted: 0 };

    async function live(all: readonly Step[]): Promise<void> {
      await stage.place.query(FORGET_ALL);
      const model = stage.memory();
      // Another worker, since one knows what it saw of time.
      const store = await stage.open('worker');
      let passed = -1;
      const pass = async (ms: number): Promise<void> => {
        if (ms <= passed) return;
        passed = ms;
        await stage.passes(ms);
        await stage.report(model, ms);
      };
      const tick = async (): Promise<void> => {
        const ticked = await store.time.tick();
        expect(ticked).toEqual(await model.time.tick());
        seen.final += ticked.final;
        seen.revised += ticked.revised;
      };
      const alike = async (): Promise<void> => {
        const states = (await stage.states()).map(({ state, revision }) => ({ state, revision }));
        expect(states).toEqual(model.states('trend'));
      };
      for (const step of all) {
        if ('tick' in step) await tick();
        else if ('passes' in step) {
          // Diverting, what is late is judged by the frontier in Postgres, which a tick moves.
          await pass(step.passes);
          if (late === 'divert') await tick();
        } else {
          const totals = await stage.deliver(store, ...step.orders);
          expect(totals).toEqual(await stage.deliver(model, ...step.orders));
          seen.late += totals.late;
          seen.diverted += totals.diverted;
        }
        await alike();
      }
      await pass(LAST);
      await tick();
      await tick();
      await alike();
      expect(await stage.place.windows(stage.trend)).toEqual(model.rows('trend'));
      const delivered = await stage.place.query<Record<string, string>>(
        `select (extract(epoch from window_start) * 1000000)::bigint::text as "window", product, revision::int, orders::text, cents::text, trim_scale(mean)::text as mean, prices::text
         from trend_final`,
      );
      const announced = model.announced().map(({ window, key, revision, measures }) => ({
        window: String(window),
        product: key[0],
        revision,
        ...Object.fromEntries(['orders', 'cents', 'mean', 'prices'].map((name) => [name, measures[name]])),
      }));
      expect(delivered.map((row) => ({ ...row })).toSorted(byText)).toEqual(announced.toSorted(byText));
      expect(await stage.rows(UNDELIVERED)).toEqual([]);
      const found = await snapshot(stage.place.url, stage.pipeline, (view) => verify(stage.pipeline, view));
      expect(found.equal).toBe(true);
      expect((await stage.states()).every(({ state }) => state !== 'open')).toBe(true);
    }

    await fc.assert(fc.asyncProperty(steps, live), { numRuns: 40, interruptAfterTimeLimit: 200_000 });
    // It was about something.
    expect(seen.final).toBeGreaterThan(0);
    if (late === 'divert') expect(seen).toMatchObject({ revised: 0, late: 0 });
    else expect(seen.diverted).toBe(0);
    expect(late === 'divert' ? seen.diverted : Math.min(seen.revised, seen.late)).toBeGreaterThan(0);
  },
);

const byText = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

test.each(['revise', 'divert'] as const)(
  'flushes and ticks of three workers at once: each revision once and right, and the last that is delivered is what there is (%s)',
  async (late) => {
    const stage = await hoppingStage(late);
    if (late === 'divert') await stage.place.query(CLOSED_FOR_GOOD);
    const stores = await Promise.all(['a', 'b', 'c'].map((worker) => stage.open(worker)));
    const hops = 8;
    const events = 240;
    let over = false;
    const ticking = stores.map(async (store) => {
      while (!over) await store.time.tick();
    });
    const seen = { sent: 0, committed: 0, diverted: 0 };
    const flushing = stores.map(async (store, worker) => {
      // Each order is a flush of its own, so a window holds as many orders as its revision says.
      for (let n = worker; n < events; n += stores.length) {
        const product = PRODUCTS[n % 2];
        const totals = await stage.deliver(store, at(((n * 7) % hops) * HOP_MS + n, `${n}`, product, n % 5));
        seen.committed += totals.committed;
        seen.diverted += totals.diverted;
        if (++seen.sent % 16 === 0) await stage.passes((seen.sent / events) * hops * HOP_MS);
      }
    });
    await Promise.all(flushing);
    await stage.passes(LAST);
    over = true;
    await Promise.all(ticking);
    const { tick } = (stores[0] as Store).time;
    await tick();
    expect(await tick()).toEqual({ final: 0, revised: 0 });
    expect(await stage.rows(`select * from trend_final where orders <> revision`)).toEqual([]);
    expect(await stage.rows(UNDELIVERED)).toEqual([]);
    const states = new Set((await stage.states()).map(({ state }) => state));
    expect(states.has('open')).toBe(false);
    expect(states.has('revised')).toBe(late === 'revise');
    const found = await snapshot(stage.place.url, stage.pipeline, (view) => verify(stage.pipeline, view));
    expect(found).toMatchObject({ equal: true, events: seen.committed, diverted: seen.diverted });
    expect(seen.committed + seen.diverted).toBe(events);
    expect(seen.diverted > 0).toBe(late === 'divert');
  },
);
