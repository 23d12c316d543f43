import { randomUUID } from 'node:crypto';
import type { Claim, ClaimedWindow, Outbox } from '../../outbox.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { FinalWindow } from '../../when-final.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { textArray } from './quote.ts';

/** Rows that are not locked, so that claimants do not wait for each other. */
const claimStatement = (before = '', among = ''): string => `
with ${before}due as materialized (
  select o.ctid as at from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at <= now()${among}
  order by o.next_at, o.seq limit $3::text::int for update of o skip locked
)
update scalestream.outbox o
set attempts = o.attempts + 1, claim = $4::text, next_at = clock_timestamp() + $5::text::bigint * interval '1 millisecond'
where o.ctid = any (array(select due.at from due))
returning o.line, o.body::text as body`;

const CLAIM = claimStatement();

/** So many rows that are due longest are looked at before each line is. */
const NEAR = 500;

/**
 * Those only that are the first of their line. Mostly they are among the rows that are due longest; where too few are, as behind a line that is stuck, each
 * line is asked for its first, by one step along an index. Loops are what the planner may not join in, so they are written as such.
 */
const CLAIM_HEADS = claimStatement(
  `recursive near as materialized (
  select o.ctid as at, o.line, o.seq from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at <= now() order by o.next_at, o.seq limit ${NEAR}
), near_heads as materialized (
  select at from near where seq = (
    select e.seq from scalestream.outbox e where e.pipeline = $1::text and e.branch = $2::text and e.line = near.line order by e.seq limit 1
  )
), heads as (
  (select line, ctid as at from scalestream.outbox
   where pipeline = $1::text and branch = $2::text
     and (select count(*) from near) = ${NEAR} and (select count(*) from near_heads) < $3::text::int
   order by line, seq limit 1)
  union all
  select following.* from heads cross join lateral (
    select e.line, e.ctid from scalestream.outbox e where e.pipeline = $1::text and e.branch = $2::text and e.line > heads.line
    order by e.line, e.seq limit 1
  ) following
), `,
  `
    and o.ctid = any (array(select at from near_heads union all select at from heads))`,
);

const DONE = `delete from scalestream.outbox where pipeline = $1::text and branch = $2::text and delivery = any ($3::text::text[])`;

/** Between half and all of 1 s, 2 s, 4 s … 15 min. Somebody else's claim, made when ours had run out, is left alone. */
const FAILED = `
update scalestream.outbox
set claim = null, error = $5::text,
  next_at = clock_timestamp() + least(900, 2.0 ^ least(attempts - 1, 10)) * (0.5 + random() / 2) * interval '1 second'
where pipeline = $1::text and branch = $2::text and delivery = any ($3::text::text[]) and claim = $4::text`;

/** Enough to know the reason by. */
const MAX_ERROR = 500;

/** The outbox in Postgres. Each step is one statement: an unknown outcome leaves rows that come back. */
export function postgresOutbox(connection: Connection, { name, events }: Pipeline): Outbox {
  const run = async <Row extends object>(statement: string, parameters: readonly string[]): Promise<Row[]> => {
    try {
      return await connection.run<Row>(statement, [name, ...parameters]);
    } catch (error) {
      throw classify(error, events.name);
    }
  };
  return {
    async claim(branch, most, leaseMs): Promise<Claim> {
      const token = randomUUID();
      const rows = await run<{ line: string; body: string }>(branch.to.ordered ? CLAIM_HEADS : CLAIM, [
        branch.name,
        String(most),
        token,
        String(leaseMs),
      ]);
      const items = rows.map(({ line, body }): ClaimedWindow => ({ line, window: JSON.parse(body) as FinalWindow }));
      return { token, items };
    },
    async done(branch, deliveries) {
      if (deliveries.length > 0) await run(DONE, [branch.name, textArray(deliveries)]);
    },
    async failed(branch, { token }, deliveries, why) {
      const error = why.slice(0, MAX_ERROR).toWellFormed().replaceAll('\0', '\uFFFD');
      await run(FAILED, [branch.name, textArray(deliveries), token, error]);
    },
  };
}
