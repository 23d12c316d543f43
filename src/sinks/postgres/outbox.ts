import { randomUUID } from 'node:crypto';
import type { Claim, ClaimedWindow, Outbox } from '../../outbox.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { FinalWindow } from '../../final-window.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { isSinkBranch } from '../../when-final.ts';
import { taker } from './take.ts';
import { textArray } from './quote.ts';

/** Rows that are not locked, so that claimants do not wait for each other. */
const CLAIM = `
with due as materialized (
  select o.ctid as at from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at <= now()
  order by o.next_at, o.seq limit $3::text::int for update of o skip locked
)
update scalestream.outbox o
set attempts = o.attempts + 1, claim = $4::text, next_at = clock_timestamp() + $5::text::bigint * interval '1 millisecond'
where o.ctid = any (array(select due.at from due))
returning o.line, o.body::text as body`;

/** So many rows that are due longest are looked at for the first of their lines; more where they are of too few lines. */
const NEAR = [500, 10_000, 200_000] as const;

/** As many as Postgres keeps a hash table of, with the least memory it has by default: with more, their rows are looked at as well. */
const AWAY = 120_000;

/**
 * Those only that are the first of their line. Lines of which a row is with somebody, or waits for another try, are passed over with all that is due behind.
 * Loops are what the planner may not join in, so they are written as such.
 */
const CLAIM_HEADS = `
with away as materialized (
  select hashtextextended(o.line, 0) as line from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at > now() limit ${AWAY}
), near as materialized (
  select o.line from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at <= now() and hashtextextended(o.line, 0) not in (select away.line from away)
  order by o.next_at, o.seq limit $6::text::int
), heads as materialized (
  select (
    select e.ctid from scalestream.outbox e where e.pipeline = $1::text and e.branch = $2::text and e.line = l.line order by e.seq limit 1
  ) as at from (select distinct line from near) as l
), due as materialized (
  select o.ctid as at from scalestream.outbox o
  where o.ctid = any (array(select heads.at from heads)) and o.next_at <= now()
  order by o.next_at, o.seq limit $3::text::int for update of o skip locked
), claimed as (
  update scalestream.outbox o
  set attempts = o.attempts + 1, claim = $4::text, next_at = clock_timestamp() + $5::text::bigint * interval '1 millisecond'
  where o.ctid = any (array(select due.at from due))
  returning o.line, o.body
)
select (select count(*) from near)::int as looked,
  (select coalesce(json_agg(json_build_object('line', line, 'window', body)), '[]') from claimed)::text as items`;

const DONE = `delete from scalestream.outbox where pipeline = $1::text and branch = $2::text and delivery = any ($3::text::text[])`;

const PAUSE = 'least(900, 2.0 ^ least(attempts - 1, 10))';

/** Between half and all of 1 s, 2 s, 4 s … 15 min. Somebody else's claim, made when ours had run out, is left alone. */
const FAILED = `
update scalestream.outbox
set claim = null, error = $5::text,
  next_at = clock_timestamp() + ${PAUSE} * (0.5 + random() / 2) * interval '1 second'
where pipeline = $1::text and branch = $2::text and delivery = any ($3::text::text[]) and claim = $4::text`;

/** Most rows that are due at once again; an outage tries one a second. */
const WOKEN = 10_000;

/**
 * Pauses double, and are half as long at least: so what failed only within $3 seconds waits for no more than twice as many, and one. What fails by itself
 * waits longer, and goes on to.
 */
const WAKE = `
with asleep as materialized (
  select o.ctid as at from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at > now() and o.claim is null and o.attempts > 0
    and ${PAUSE} <= 1 + 2 * $3::text::float8
  order by o.next_at limit ${WOKEN} for update of o skip locked
)
update scalestream.outbox o set next_at = now() where o.ctid = any (array(select asleep.at from asleep))`;

/** Enough to know the reason by. */
const MAX_ERROR = 500;

/** The outbox in Postgres. Each step is one statement: an unknown outcome leaves rows that come back. */
export function postgresOutbox(connection: Connection, pipeline: Pipeline): Outbox {
  const { name, events } = pipeline;
  const run = async <Row extends object>(statement: string, parameters: readonly string[]): Promise<Row[]> => {
    try {
      return await connection.run<Row>(statement, [name, ...parameters]);
    } catch (error) {
      throw classify(error, events.name);
    }
  };
  async function claimAny(branch: string, most: number, lease: readonly string[]): Promise<ClaimedWindow[]> {
    const rows = await run<{ line: string; body: string }>(CLAIM, [branch, String(most), ...lease]);
    return rows.map(({ line, body }) => ({ line, window: JSON.parse(body) as FinalWindow }));
  }

  async function claimHeads(branch: string, most: number, lease: readonly string[]): Promise<ClaimedWindow[]> {
    const items: ClaimedWindow[] = [];
    for (const near of NEAR) {
      const parameters = [branch, String(most - items.length), ...lease, String(near)];
      const [row] = await run<{ looked: number; items: string }>(CLAIM_HEADS, parameters);
      items.push(...(JSON.parse(row?.items ?? '[]') as ClaimedWindow[]));
      if (items.length === most || (row?.looked ?? 0) < near) break;
    }
    return items;
  }

  return {
    async claim(branch, most, leaseMs): Promise<Claim> {
      const token = randomUUID();
      const items = await (isSinkBranch(branch) && branch.to.ordered ? claimHeads : claimAny)(branch.name, most, [
        token,
        String(leaseMs),
      ]);
      return { token, items };
    },
    async done(branch, deliveries) {
      if (deliveries.length > 0) await run(DONE, [branch.name, textArray(deliveries)]);
    },
    take: taker(connection, pipeline),
    async wake(branch, downMs) {
      await run(WAKE, [branch.name, String(downMs / 1_000)]);
    },
    async failed(branch, { token }, deliveries, why) {
      const error = why.slice(0, MAX_ERROR).toWellFormed().replaceAll('\0', '\uFFFD');
      await run(FAILED, [branch.name, textArray(deliveries), token, error]);
    },
  };
}
