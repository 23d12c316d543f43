import { createHash } from 'node:crypto';
import type { Position } from './frame.ts';

/**
 * What a client holds, as the id of an event: of each table up to which transaction, and from which window on; `undefined`: nothing yet. It says nothing that a
 * client may not make up: it chooses among what may be read anyway. One of another question is foreign.
 */
export interface EventIds {
  write(tables: readonly (Position | undefined)[]): string;
  /** @returns `undefined` for what is none of these. */
  read(id: string): readonly (Position | undefined)[] | undefined;
}

const MOST_ID = 8_000;

/** @param asked what was asked: anything that JSON can tell apart. */
export function eventIds(asked: unknown): EventIds {
  const digest = createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 10);
  return {
    write(tables) {
      const database = tables.find((each) => each !== undefined)?.database ?? '';
      const parts = tables.map((each) => (each ? [String(each.xid), each.us ?? ''] : 0));
      return Buffer.from(JSON.stringify([digest, database, ...parts])).toString('base64url');
    },
    read(id) {
      if (id.length > MOST_ID || !/^[\w-]+$/.test(id)) return undefined;
      let parsed: unknown;
      try {
        parsed = JSON.parse(Buffer.from(id, 'base64url').toString());
      } catch {
        return undefined;
      }
      if (!Array.isArray(parsed)) return undefined;
      const [of, database, ...tables] = parsed as unknown[];
      if (of !== digest || typeof database !== 'string') return undefined;
      return tables.map((each) => positionOf(each, database));
    },
  };
}

function positionOf(part: unknown, database: string): Position | undefined {
  const [xid, us] = Array.isArray(part) ? (part as unknown[]) : [];
  const isRight = typeof xid === 'string' && /^\d{1,19}$/.test(xid) && typeof us === 'string' && /^\d{0,16}$/.test(us);
  return isRight ? { xid: BigInt(xid), us: us === '' ? undefined : us, database } : undefined;
}
