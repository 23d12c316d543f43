import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import type { Report } from '../../src/timekeeping.ts';
import { SENT_AT } from '../support/message.ts';
import { type TimedPlace, timedPlace } from './timed-place.ts';

/** It has seen everything that was sent before, milliseconds after the messages of tests were. */
const at = (ms: number, holding = false): Report => ({ low: SENT_AT + ms, source: 'test', holding });

let timed: TimedPlace;
let worker: Store;
beforeEach(async () => {
  timed = await timedPlace();
  worker = await timed.open('worker');
});
afterEach(() => timed.place.close());

/** Milliseconds after the messages of tests were sent. */
async function watermark(): Promise<number | null | undefined> {
  const [row] = await timed.place.query<{ ms: number | null }>(
    `select (extract(epoch from watermark) * 1000 - ${SENT_AT})::int as ms from scalestream.watermarks`,
  );
  return row?.ms;
}

const rowOf = async (name: string) =>
  (
    await timed.place.query(`
      select (extract(epoch from low) * 1000 - ${SENT_AT})::int as low, holding, ended_at is not null as ended
      from scalestream.workers where worker = '${name}'`)
  )[0];

/** The next report is held up before it has looked at anything but its snapshot, until the returned function is called. */
async function holdUpOne(): Promise<() => Promise<unknown>> {
  await timed.place.query(`
    create sequence if not exists reports;
    create or replace function hold_up() returns trigger language plpgsql as $$ begin
      if nextval('reports') = 1 then perform pg_advisory_xact_lock_shared(1); end if; return null; end $$;
    create trigger hold_up before update on scalestream.workers for each statement execute function hold_up()`);
  return timed.hold('select pg_advisory_xact_lock(1)');
}

test('a report that arrives after a later one changes nothing, and moves no watermark past what that one holds', async () => {
  const release = await holdUpOne();
  const early = worker.time.report(at(100));
  await timed.place.waiting(1);
  await worker.time.report(at(50, true));
  expect(await watermark()).toBe(50 - 100);
  await release();
  expect(await early).toMatchObject({ moved: false });
  expect(await rowOf('worker')).toEqual({ low: 50, holding: true, ended: false });
  expect(await watermark()).toBe(50 - 100);
});

test('reports that arrive in order count in order', async () => {
  await worker.time.report(at(100));
  await worker.time.report(at(50, true));
  expect(await rowOf('worker')).toEqual({ low: 50, holding: true, ended: false });
  expect(await watermark()).toBe(100 - 100);
});

test('a report that arrives after its worker left does not call it back', async () => {
  const release = await holdUpOne();
  const early = worker.time.report(at(100));
  await timed.place.waiting(1);
  await worker.time.leave();
  await release();
  await early;
  expect(await rowOf('worker')).toMatchObject({ ended: true });
});

test.each([
  ['ahead', 500, 300],
  ['behind', 300, 500],
])('two that move the watermark at once, the one that is %s first: it never goes back', async (_, first, second) => {
  const other = await timed.open('other');
  const bothAt = (ms: number) =>
    timed.place.query(`update scalestream.workers set low = to_timestamp(${(SENT_AT + ms) / 1_000})`);
  await bothAt(first);
  const release = await timed.hold('select from scalestream.watermarks for update');
  const one = worker.time.report(at(first));
  await timed.place.waiting(1);
  await bothAt(second);
  const two = other.time.report(at(second));
  await timed.place.waiting(2);
  await release();
  expect(await one).toMatchObject({ moved: true });
  expect(await two).toMatchObject({ moved: second > first });
  expect(await watermark()).toBe(500 - 100);
});

test('the watermark waits for whoever lives, and for nobody who is dead or has left', async () => {
  const [dead, gone, quiet] = [await timed.open('dead', 1), await timed.open('gone'), await timed.open('quiet')];
  await worker.time.report(at(900));
  expect(await watermark()).toBeNull();
  await gone.time.report(at(10, true));
  await gone.time.leave();
  await dead.time.report(at(20, true));
  await quiet.time.report(at(400, true));
  await worker.time.report(at(1_000));
  expect(await watermark()).toBe(400 - 100);
  await quiet.time.leave();
  await worker.time.report(at(1_100));
  expect(await watermark()).toBe(1_100 - 100);
});
