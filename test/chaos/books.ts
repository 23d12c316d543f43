import { Big } from 'big.js';
import { type Digest, digest } from './digest.ts';

/** How a stored column follows from the events of its window and key. */
export interface Sum {
  /** `max` is null until something contributed; the others begin at 0. */
  readonly kind: 'sum' | 'max' | 'decimal';
  readonly column: string;
}

/** A window table as it must be in the end. */
export interface ExpectedTable {
  readonly name: string;
  readonly keys: readonly string[];
  readonly sums: readonly Sum[];
  /** By window start in milliseconds and keys, joined by {@link SEPARATOR}. */
  readonly rows: ReadonlyMap<string, readonly (number | Big | null)[]>;
  /** Counts one distinct event in. A contribution `null` contributes nothing. */
  add(windowMs: number, keys: readonly string[], contributions: readonly (number | string | null)[]): void;
}

/** What the tables of one pipeline must hold in the end, kept up while the input is made: no event is remembered. */
export interface Books {
  readonly pipeline: string;
  readonly eventTable: string;
  readonly idType: 'uuid' | 'text';
  readonly windows: readonly ExpectedTable[];
  events: number;
  /** Of `id|microseconds`. */
  readonly digest: Digest;
  /** By reason. */
  readonly rejects: Map<string, { count: number; readonly digest: Digest }>;
  reject(reason: string, body: string): void;
}

/** Between the parts of a row's name and of its value; no key contains it. */
export const SEPARATOR = '\t';

export function expectedTable(name: string, keys: readonly string[], sums: readonly Sum[]): ExpectedTable {
  const rows = new Map<string, (number | Big | null)[]>();
  return {
    name,
    keys,
    sums,
    rows,
    add(windowMs, keys, contributions) {
      const row = `${windowMs}${SEPARATOR}${keys.join(SEPARATOR)}`;
      let totals = rows.get(row);
      if (!totals) rows.set(row, (totals = sums.map(({ kind }) => (kind === 'max' ? null : 0))));
      for (let i = 0; i < sums.length; i++) {
        const more = contributions[i] ?? null;
        if (more === null) continue;
        const total = totals[i] ?? null;
        const kind = sums[i]?.kind;
        if (kind === 'decimal') totals[i] = new Big(total ?? 0).plus(more);
        else if (kind === 'max') totals[i] = total === null ? Number(more) : Math.max(Number(total), Number(more));
        else totals[i] = Number(total) + Number(more);
      }
    },
  };
}

export function books(
  pipeline: string,
  eventTable: string,
  idType: Books['idType'],
  windows: readonly ExpectedTable[],
): Books {
  const rejects: Books['rejects'] = new Map();
  return {
    pipeline,
    eventTable,
    idType,
    windows,
    events: 0,
    digest: digest(),
    rejects,
    reject(reason, body) {
      let kept = rejects.get(reason);
      if (!kept) rejects.set(reason, (kept = { count: 0, digest: digest() }));
      kept.count++;
      kept.digest.add(body);
    },
  };
}

/** A row's values as the database writes them. */
export const valuesOf = (totals: readonly (number | Big | null)[]): string =>
  totals
    .map((total) => (total === null ? '-' : total instanceof Big ? total.toFixed() : String(total)))
    .join(SEPARATOR);
