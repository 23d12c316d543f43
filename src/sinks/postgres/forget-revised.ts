import type { Connection } from './connect.ts';

const FORGET_EVERY_MS = 60_000;

/** Most rows that are forgotten at once. */
const FORGOTTEN = 5_000;

/** What a flush or an announcement holds is left for the next time, so that nobody waits and nobody is waited for. */
const forgetStatement = (which: string, order: string): string => `with "$due" as materialized (
  select ctid as place from scalestream.revised
  where pipeline = $1::text and ${which} and revised_at < clock_timestamp() - interval '1 hour'
  order by ${order} limit ${FORGOTTEN} for update skip locked
), "$forgotten" as (
  delete from scalestream.revised where ctid = any (array(select place from "$due")) returning 1
)
select count(*)::int as n from "$forgotten"`;

/** What was announced; and what nobody will announce any more, since its table is not declared now. */
const FORGET = [
  forgetStatement('revision = announced', 'revised_at'),
  forgetStatement(
    `revision > announced and window_table <> all (array(select name from scalestream.tables where pipeline = $1::text and retired_at is null))`,
    'window_table, window_start, key',
  ),
];

/** Forgets, once a minute, revisions that were announced an hour ago, and those that nobody will announce. */
export function forgetRevised(connection: Connection, pipeline: string): (until: number) => Promise<void> {
  let forgottenAt = Number.NEGATIVE_INFINITY;
  return async (until) => {
    if (performance.now() - forgottenAt < FORGET_EVERY_MS) return;
    forgottenAt = performance.now();
    for (const statement of FORGET) {
      let n = FORGOTTEN;
      while (n === FORGOTTEN) {
        n = (await connection.run<{ n: number }>(statement, [pipeline]))[0]?.n ?? 0;
        if (performance.now() >= until) break;
      }
    }
  };
}
