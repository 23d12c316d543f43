import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import { Problem } from '../problem.ts';
import { unknownToDatabase } from '../read-database.ts';
import { refuseTooMuch } from '../scan-query.ts';
import type { Serving } from '../serving.ts';
import type { Statement } from '../statement-parts.ts';
import type { Understood } from '../understand.ts';
import type { WindowValues } from '../window-query.ts';
import { rowWriter } from '../write-windows.ts';
import { changedStatement, type Since, type Told, wholeStatement } from './changes.ts';
import type { Frame, Removed, Row } from './frame.ts';
import { type Scope, type ScopeRow, scopeStatement } from './scope.ts';

/** A table as it is followed: what of it, and how it is written. */
export interface Followed {
  readonly pipeline: Pipeline;
  readonly table: WindowTable<AnyEvent>;
  readonly understood: Understood;
}

/** Where looks are taken, and in which database. */
export interface Place extends Scope {
  readonly database: string;
  /** The oldest transaction that was running when it was found. */
  readonly horizon: bigint;
}

/** What a look found. */
export interface Seen {
  readonly frame: Frame;
  /** Where the next look goes on. */
  readonly since: Since;
  /** How many windows are followed, where that is counted. */
  readonly held: number | undefined;
  readonly watermark: string | null;
  readonly final: string | null;
  /** Windows that begin before are not followed, as rows write it; `null`: all are. */
  readonly from: string | null;
}

/** The questions that following a table asks. */
export interface Looks {
  /** @throws Problem where more windows than may be followed begin at one moment, or finding the latest would read too much. */
  place(): Promise<Place>;
  /** @returns `undefined`: there are more than may be followed. */
  whole(place: Place): Promise<Seen | undefined>;
  /** @returns `undefined`: more changed than is sent as changes. */
  changes(place: Place, since: Since): Promise<Seen | undefined>;
}

/** Most transactions that are remembered as seen; rows of those that were forgotten are sent again. */
const MOST_SEEN = 5_000;

export function looks({ database, limits }: Serving, { pipeline, table, understood }: Followed): Looks {
  const { asked } = understood;
  // between two looks at the place, more windows begin
  const most = { ...asked, order: 'desc' as const, limit: asked.limit * 2 };
  const { row, key } = rowWriter(table, understood);
  const isSession = table.window.kind === 'session';

  async function ask({ text, parameters }: Statement, place: Place, kind: Frame['kind'], since?: Since) {
    const found = await database.read<Told & WindowValues>(text, parameters);
    const [told] = found;
    if (!told) throw unknownToDatabase(`no pipeline '${pipeline.name}'`);
    const windows = found.filter((each) => each['us'] !== null);
    if (windows.length > most.limit || Number(told.changed) > most.limit) return undefined;
    const { watermark, final, as_of: asOf, from_text: from } = told;
    const rows = windows.map((each): Row & Removed => {
      const [start, end] = [each['start'] ?? '', each['end'] ?? ''];
      return { key: key(each), start, text: row(each), after: start, before: end };
    });
    const xid = BigInt(told.horizon);
    return {
      frame: {
        table: table.name,
        kind,
        rows: from === null ? rows : rows.filter(({ start }) => start >= from),
        removed: isSession && kind === 'changes' ? rows : [],
        meta: JSON.stringify({ watermark, final, from, asOf }),
        position: { xid, us: place.us, database: place.database },
      },
      since: { xid, seen: seenOf(xid, since, told.seen) },
      held: told.held === null ? undefined : Number(told.held),
      watermark,
      final,
      from,
    };
  }

  return {
    async place() {
      if (isSession) await refuseTooMuch(database, table, { ...asked, from: undefined }, limits);
      const { text, parameters } = scopeStatement(table, asked, limits.maxWindows);
      const [found] = await database.read<ScopeRow>(text, parameters);
      if (!found || found.crowded) throw crowded(asked.limit, table.name);
      return { us: found.us ?? undefined, database: found.database, horizon: BigInt(found.horizon) };
    },
    whole: (place) => ask(wholeStatement(pipeline, table, most, place), place, 'whole'),
    changes: (place, since) => ask(changedStatement(pipeline, table, most, place, since), place, 'changes', since),
  };
}

/** Of those that were seen, the ones that the next look would read again. */
function seenOf(xid: bigint, since: Since | undefined, seen: string | null): readonly string[] {
  const all = new Set([...(since?.seen ?? []), ...(seen?.split(',') ?? [])]);
  const isLater = (short: string): boolean => BigInt.asIntN(32, BigInt(short) - xid) >= 0n;
  return [...all].filter(isLater).slice(-MOST_SEEN);
}

const crowded = (limit: number, table: string): Problem =>
  new Problem({
    status: 422,
    code: 'too-much',
    title: 'more windows begin at one moment than are followed',
    expected: `at most ${limit} windows of '${table}' of one start`,
    got: 'more',
    fix: 'follow fewer keys with key.<column>=, or take a larger limit',
  });
