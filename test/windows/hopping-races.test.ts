import { expect, test } from 'vitest';
import { isHopping } from '../../src/sinks/hopping-table.ts';
import { announceHopsStatement, closeHopsStatement } from '../../src/sinks/postgres/close-hops.ts';
import { at, HOP_MS, hoppingStage, UNDELIVERED } from './hopping-stage.ts';

type Stage = Awaited<ReturnType<typeof hoppingStage>>;

/** Each order is a flush of its own, so what was delivered is right where it holds as many orders as its revision says. */
const right = (...rows: readonly (readonly [hop: number, orders: number])[]) =>
  rows.map(([hop, orders]) => ({ hop, product: 'tea', revision: orders, orders }));

/** Holds up a flush when it has done everything but its last part: it merged, it holds its locks, and is not committed. */
async function holdingUp(stage: Stage, ms: number, id: string) {
  const blocker = stage.place.session();
  await blocker('begin; select from scalestream.workers for update');
  const flushed = stage.deliver(stage.store, at(ms, id));
  await stage.place.waiting(1);
  return {
    async release() {
      await blocker('rollback');
      await flushed;
    },
  };
}

/** Statements of another worker, in a session of its own. */
function other(stage: Stage) {
  const table = stage.pipeline.windows[0];
  if (!table || !isHopping(table)) throw new Error('no hopping windows');
  const session = stage.place.session();
  return {
    closes: () => session(`begin; ${closeHopsStatement(stage.pipeline, table, '10')}`),
    announces: () => session(`begin; ${announceHopsStatement(stage.pipeline, table, '10')}`),
    ends: () => session('commit'),
  };
}

test('a flush under way when its window is closed is in what becomes final', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(HOP_MS);
  const flush = await holdingUp(stage, 1, 'b');
  const ticked = (await stage.open('other')).time.tick();
  await stage.place.waiting(2);
  await flush.release();
  expect(await ticked).toEqual({ final: 1, revised: 0 });
  expect(await stage.delivered()).toEqual(right([-2, 2]));
});

test('a flush that meets its window being closed revises it, and only the windows that are final', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(2 * HOP_MS);
  const finaliser = other(stage);
  await finaliser.closes();
  const flushed = stage.deliver(stage.store, at(1, 'b'));
  await stage.place.waiting(1);
  await finaliser.ends();
  await flushed;
  expect(await stage.delivered()).toEqual(right([-2, 1]));
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-1, 2]));
  expect((await stage.states()).map(({ state }) => state)).toEqual(['revised', 'final', 'open']);
});

test('a pane that comes to be beside the tick that closes its windows revises them with the next', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(2 * HOP_MS);
  const flush = await holdingUp(stage, HOP_MS, 'b');
  const tick = (await stage.open('other')).time;
  expect(await tick.tick()).toEqual({ final: 2, revised: 0 });
  await flush.release();
  expect((await stage.states()).map(({ state }) => state)).toEqual(['final', 'revised', 'open', 'open']);
  expect(await tick.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-1, 1], [-1, 2]));
  expect((await stage.states()).map(({ state }) => state)).toEqual(['final', 'revised', 'open', 'open']);
});

test('a pane that comes to be, and one that is merged into, revise a window once between two ticks', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(2 * HOP_MS);
  await stage.store.time.tick();
  await stage.deliver(stage.store, at(1, 'b'));
  await stage.deliver(stage.store, at(HOP_MS, 'c'));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 2 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-1, 1], [-1, 3]));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 0 });
  expect(await stage.rows(UNDELIVERED)).toEqual([]);
});

test('two that close at once: each window becomes final once', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'), at(0, 'b', 'mug'), at(HOP_MS, 'c'));
  await stage.passes(HOP_MS);
  const finaliser = other(stage);
  await finaliser.closes();
  const ticked = stage.store.time.tick();
  await stage.place.waiting(1);
  await finaliser.ends();
  expect(await ticked).toEqual({ final: 0, revised: 0 });
  expect(await stage.delivered()).toMatchObject([
    { hop: -2, product: 'mug' },
    { hop: -2, product: 'tea' },
  ]);
});

test('a key that a flush changes beneath the tick is left out, and the others go on', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a', 'mug'), at(0, 'b', 'pot'), at(0, 'c', 'tea'));
  await stage.passes(HOP_MS);
  const flush = await holdingUp(stage, 1, 'd');
  const finaliser = other(stage);
  const closed = finaliser.closes();
  await stage.place.waiting(2);
  await flush.release();
  await closed;
  await finaliser.ends();
  expect((await stage.delivered()).map(({ product }) => product)).toEqual(['mug', 'pot']);
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 0 });
  expect((await stage.delivered()).at(-1)).toMatchObject({ product: 'tea', orders: 2 });
});

test('a window of which a flush changes one pane beneath the tick is left out whole', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.deliver(stage.store, at(HOP_MS, 'b'));
  await stage.passes(HOP_MS);
  await stage.store.time.tick();
  await stage.passes(2 * HOP_MS);
  const flush = await holdingUp(stage, 1, 'c');
  const finaliser = other(stage);
  const closed = finaliser.closes();
  await stage.place.waiting(2);
  await flush.release();
  await closed;
  await finaliser.ends();
  expect(await stage.delivered()).toEqual(right([-2, 1]));
  expect(await stage.store.time.tick()).toEqual({ final: 1, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-1, 3]));
});

test('a window is announced without the pane that came to be since, and once more with it', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(2 * HOP_MS);
  await stage.store.time.tick();
  await stage.deliver(stage.store, at(1, 'b'));
  await stage.deliver(stage.store, at(HOP_MS, 'c'));
  const announcer = other(stage);
  await announcer.announces();
  await announcer.ends();
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-1, 1], [-1, 2]));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-1, 1], [-1, 2], [-1, 3]));
});

test('what revises a window while it is announced is announced next time', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(HOP_MS);
  await stage.store.time.tick();
  await stage.deliver(stage.store, at(1, 'b'));
  const announcer = other(stage);
  await announcer.announces();
  const flushed = stage.deliver(stage.store, at(2, 'c'));
  await stage.place.waiting(1);
  await announcer.ends();
  await flushed;
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2]));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 2], [-2, 3]));
});

test('an announcer that waits for the flush that revises its window once more leaves it to the next tick, which announces both', async () => {
  const stage = await hoppingStage();
  await stage.deliver(stage.store, at(0, 'a'));
  await stage.passes(HOP_MS);
  await stage.store.time.tick();
  await stage.deliver(stage.store, at(1, 'b'));
  const flush = await holdingUp(stage, 2, 'c');
  const announcer = other(stage);
  const announced = announcer.announces();
  await stage.place.waiting(2);
  await flush.release();
  await announced;
  await announcer.ends();
  expect(await stage.delivered()).toEqual(right([-2, 1]));
  expect(await stage.store.time.tick()).toEqual({ final: 0, revised: 1 });
  expect(await stage.delivered()).toEqual(right([-2, 1], [-2, 3]));
});
