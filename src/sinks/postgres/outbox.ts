import { randomUUID } from 'node:crypto';
import type { Claim, ClaimedWindow, Outbox } from '../../outbox.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { FinalWindow } from '../../when-final.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { textArray } from './quote.ts';

/** Rows that are not locked, so that claimants do not wait for each other. `heads` are those of each line that are first. */
const claimStatement = (heads: string): string => `
with due as materialized (
  select o.ctid as at from scalestream.outbox o
  where o.pipeline = $1::text and o.branch = $2::text and o.next_at <= now()${heads}
  order by o.next_at, o.seq limit $3::text::int for update of o skip locked
)
update scalestream.outbox o
set attempts = o.attempts + 1, claim = $4::text, next_at = clock_timestamp() + $5::text::bigint * interval '1 millisecond'
where o.ctid = any (array(select due.at from due))
returning o.line, o.body::text as body`;

const CLAIM = claimStatement('');
const CLAIM_HEADS = claimStatement(`
    and not exists (select from scalestream.outbox e where e.pipeline = $1::text and e.branch = $2::text and e.line = o.line and e.seq < o.seq)`);

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
