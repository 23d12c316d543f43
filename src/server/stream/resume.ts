import type { Position } from './frame.ts';
import type { Place } from './look.ts';

/** Transactions are told apart as far as this. */
const MOST_BEHIND = 2n ** 31n - 1n;

/**
 * From which transaction somebody may go on who holds this; `undefined`: from nowhere. What it holds is of no use in another database (or in another history of
 * it), where more is followed than it holds, and where windows may be gone without a trace.
 */
export function startOf(
  held: Position | 'foreign' | undefined,
  { database, us, horizon }: Place,
  mayVanish: boolean,
): bigint | undefined {
  if (held === undefined || held === 'foreign' || mayVanish || held.database !== database) return undefined;
  const holdsAll = held.us === undefined || (us !== undefined && BigInt(held.us) <= BigInt(us));
  if (!holdsAll || horizon - held.xid > MOST_BEHIND) return undefined;
  // a replica may be behind the server that wrote this
  return held.xid < horizon ? held.xid : horizon;
}
