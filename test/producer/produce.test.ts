import { expect, test } from 'vitest';
import { SourceError } from '../../src/errors.ts';
import { produce } from '../../src/producer/produce.ts';
import type { Sender } from '../../src/producer/sender.ts';
import { virtualClock, settle } from '../../src/testing/virtual-clock.ts';

/** A sender into an array. `full` says when it has no room; `makeRoom` lets the waiting go on. */
function arraySender(full: (taken: number) => boolean = () => false) {
  const taken: unknown[] = [];
  let waiting: (() => void)[] = [];
  let flushed = 0;
  const stats = () => ({ events: flushed, messages: flushed, bytes: 0, requests: 0, resent: 0 });
  const sender: Sender = {
    send(event) {
      if (event === 'too large') throw new SourceError('too-large', 'an event of 2000000 bytes');
      taken.push(event);
      return full(taken.length) ? new Promise((resolve) => waiting.push(resolve)) : undefined;
    },
    flush: async () => {
      flushed = taken.length;
    },
    close: async () => stats(),
    stats,
  };
  const makeRoom = () => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { sender, taken, makeRoom };
}

const endless = function* () {
  for (let n = 0; ; n++) yield String(n);
};

test('the pace follows the schedule and does not drift', async () => {
  const clock = virtualClock();
  const { sender, taken } = arraySender();
  const stop = new AbortController();
  const done = produce({ events: endless(), sender, rate: 20_000, clock, signal: stop.signal });
  for (let ms = 1; ms <= 3_000; ms += 7) {
    await clock.advance(7);
    const due = ((ms + 6) * 20_000) / 1_000;
    expect(taken.length).toBeLessThanOrEqual(due + 1);
    // Behind by no more than the pacer rests.
    expect(taken.length).toBeGreaterThanOrEqual(due - 20_000 / 100 - 1);
  }
  stop.abort();
  const { events, seconds } = await done;
  expect(events).toBe(taken.length);
  expect(events / seconds).toBeGreaterThan(19_900);
});

test('what a full queue held up is made up for afterwards', async () => {
  const clock = virtualClock();
  const { sender, taken, makeRoom } = arraySender((count) => count === 100);
  const stop = new AbortController();
  const done = produce({ events: endless(), sender, rate: 1_000, clock, signal: stop.signal });
  await clock.advance(2_000);
  expect(taken).toHaveLength(100);
  makeRoom();
  await clock.advance(1_000);
  expect(taken.length).toBeGreaterThanOrEqual(2_989);
  stop.abort();
  await done;
});

test('without a rate everything is sent at once, in order, and flushed', async () => {
  const { sender, taken } = arraySender();
  const texts = Array.from({ length: 1_000 }, (_, n) => String(n));
  await expect(produce({ events: texts, sender, clock: virtualClock() })).resolves.toEqual({
    events: 1_000,
    messages: 1_000,
    bytes: 0,
    seconds: 0,
  });
  expect(taken).toEqual(texts);
});

test('a limit ends an endless stream, and lets go of it', async () => {
  const { sender, taken } = arraySender();
  let released = false;
  const events = async function* () {
    try {
      yield* endless();
    } finally {
      released = true;
    }
  };
  await produce({ events: events(), sender, limit: 5 });
  expect(taken).toEqual(['0', '1', '2', '3', '4']);
  expect(released).toBe(true);
});

test('a signal ends it while it waits for room; what was taken is flushed and counts', async () => {
  const { sender } = arraySender((count) => count === 3);
  const stop = new AbortController();
  const done = produce({ events: endless(), sender, signal: stop.signal });
  await settle();
  stop.abort();
  await expect(done).resolves.toMatchObject({ events: 3 });
});

test('when the stream breaks, what came before is sent before the error is thrown', async () => {
  const { sender } = arraySender();
  const events = async function* () {
    yield '1';
    yield '2';
    throw new Error('disk on fire');
  };
  await expect(produce({ events: events(), sender })).rejects.toThrow('disk on fire');
  expect(sender.stats().events).toBe(2);
});

test('an event that is too large is reported with its place, and does not stop the others', async () => {
  const { sender, taken } = arraySender();
  const reported: number[] = [];
  await produce({
    events: ['a', 'too large', 'b'],
    sender,
    onTooLarge: (error, ordinal) => {
      expect(error.message).toMatch(/2000000 bytes/);
      reported.push(ordinal);
    },
  });
  expect(reported).toEqual([1]);
  expect(taken).toEqual(['a', 'b']);
  await expect(produce({ events: ['too large'], sender })).rejects.toThrow('2000000 bytes');
});

test('progress is told at its pace and ends with the work', async () => {
  const clock = virtualClock();
  const { sender } = arraySender();
  let told = 0;
  const done = produce({
    events: endless(),
    sender,
    rate: 100,
    limit: 500,
    clock,
    progressMs: 1_000,
    onProgress: () => told++,
  });
  await clock.advance(4_500);
  expect(told).toBe(4);
  await clock.advance(600);
  await done;
  expect(clock.pending).toBe(0);
});
