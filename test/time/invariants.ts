import { expect } from 'vitest';
import type { Order } from '../support/orders.ts';
import type { PostgresPlace } from '../support/postgres-place.ts';
import { naiveRows } from './naive.ts';
import { DEAR, PACE_MS, type TimedOrders, TRADE_MS } from './timed-orders.ts';

/** From now on Postgres itself refuses what must never happen, whoever does it: then a flush, a report or a tick fails. */
export const guards = ({ orders }: TimedOrders): string => `
create function never() returns trigger language plpgsql as $$ begin
  raise exception 'never: %, % -> %', tg_argv[0], old, new; end $$;
create trigger never before update on scalestream.watermarks for each row
  when (new.watermark < old.watermark) execute function never('a watermark goes back');
create trigger never before update on scalestream.tables for each row
  when (new.frontier < old.frontier) execute function never('a frontier goes back');
create trigger never before update on orders for each row execute function never('an event gets another outcome');
${['trade', 'pace']
  .map(
    (table) => `
create trigger never before update on ${table} for each row
  when (old.final_revision is distinct from new.final_revision and old.final_revision is not null) execute function never('a window becomes final twice');
create trigger silent before update on ${table} for each row
  when (old.orders <> new.orders and new.revision <> old.revision + 1) execute function never('a window changes in silence');
${orders.late === 'divert' ? `create trigger closed before update on ${table} for each row when (old.final_revision is not null) execute function never('a closed window changes');` : ''}`,
  )
  .join('')}
create trigger never before update on scalestream.revised for each row
  when (new.announced > (new.contents ->> 'revision')::bigint) execute function never('what is announced is not what it is said to be');
${orders.late === 'divert' ? JUSTICE : ''}`;

const endOf = (ms: number): string =>
  `date_bin('${ms} milliseconds', new.event_time, 'epoch') + interval '${ms} milliseconds'`;

/** An order is diverted where the first of its windows to end is closed, and nowhere else: no frontier moves while a flush judges by it. */
const JUSTICE = `
create function judged() returns trigger language plpgsql as $$
declare
  first timestamptz := least(${endOf(TRADE_MS)}, case when (new.event ->> 'cents')::int >= ${DEAR} then ${endOf(PACE_MS)} end);
  closed boolean := (select first <= frontier from scalestream.tables where name = 'orders');
begin
  if new.counted is not distinct from coalesce(closed, false) and not exists (
    select from orders where event_time = new.event_time and event_id = new.event_id
  ) then raise exception 'never: % counted: %', new.event, new.counted; end if;
  return new;
end $$;
create trigger judged before insert on orders for each row execute function judged();`;

/** Nothing has happened yet. */
export const FORGET_ALL = `
truncate orders, trade, pace, scalestream.revised, scalestream.rejects, scalestream.workers;
update scalestream.watermarks set watermark = null;
update scalestream.tables set frontier = null;`;

/** After a last tick: windows are the fold of what was counted, each event has one outcome, and every revision was announced with what it holds. */
export async function expectSound(
  place: PostgresPlace,
  { orders, trade, pace }: TimedOrders,
  sent: readonly Order[],
): Promise<void> {
  const raw = await place.query<{ name: string; counted: boolean }>(
    `select (extract(epoch from event_time) * 1000)::bigint || ' ' || event_id as name, counted from orders`,
  );
  const byName = new Map(sent.map((order) => [`${order.at} ${order.id}`, order]));
  expect(raw.map(({ name }) => name).toSorted()).toEqual([...byName.keys()].toSorted());
  if (orders.late === 'revise') expect(raw.every(({ counted }) => counted)).toBe(true);

  const counted = raw.filter((event) => event.counted).map(({ name }) => byName.get(name) as Order);
  const expected = naiveRows(counted);
  expect(await place.windows(trade)).toEqual(expected.trade);
  expect(await place.windows(pace)).toEqual(expected.pace);

  const changed = ['trade', 'pace'].map(
    (table) =>
      `select '${table}' as name, window_start, to_jsonb(w) as contents from ${table} w where revision > final_revision`,
  );
  expect(
    await place.query(`
      select coalesce(r.window_table, w.name) as name, coalesce(r.window_start, w.window_start) as window_start, r.revision, r.announced
      from scalestream.revised r full join (${changed.join(' union all ')}) w
        on w.name = r.window_table and w.window_start = r.window_start and w.contents = r.contents
      where w.name is null or r.revision is distinct from r.announced or (w.contents ->> 'revision')::bigint is distinct from r.revision`),
  ).toEqual([]);
}
