import { createHash } from 'node:crypto';
import type { Observable } from 'rxjs';
import type { Delivery, Message } from './custody.ts';
import { declared, isRecord } from './declared.ts';
import { spoken } from './duration.ts';
import { ConfigError } from './errors.ts';
import { type AnyEvent, type EventTable, idTable } from './event-table.ts';
import { MICROS_PER_MS } from './event-time.ts';
import { identifier } from './identifier.ts';
import type { Store } from './store.ts';
import { storedOf } from './stored.ts';
import { branchOver, type FinalBranch, isPosted, isTableBranch, type TableBranch } from './when-final.ts';
import type { WindowTable } from './window-table.ts';

/** What a pipeline is given. The same graph runs on arrays, on SQS and Postgres, and in simulations. */
export interface Ports {
  readonly messages: Observable<Delivery>;
  readonly store: Store;
}

/** What became of a batch, now that it is in the store: ready to be acknowledged. */
export interface Committed {
  readonly messages: readonly Message[];
  readonly counts: Counts;
}

/** Every event that arrived is in exactly one of the first five. */
export interface Counts {
  readonly committed: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly filtered: number;
  /** Kept without being counted: came for a window that was final, see `late: 'divert'`, or cannot be told from a repeat, see `dedupe`. */
  readonly diverted: number;
  /** Of those committed: they came for a window that was final. */
  readonly late: number;
  /** Windows that began, not a kind of event. */
  readonly windows: number;
}

/** A committed batch whose messages were acknowledged. */
export interface Receipt {
  readonly acknowledged: number;
  readonly counts: Counts;
}

export type Table = EventTable<AnyEvent> | WindowTable<AnyEvent>;

/** What a pipeline is declared with: its tables, and the branches that receive final windows. */
export type Declaration = Table | FinalBranch;

/** A declared graph and its tables. */
export interface Pipeline {
  readonly name: string;
  readonly events: EventTable<AnyEvent>;
  /** Windows over the events. */
  readonly windows: readonly WindowTable<AnyEvent>[];
  /** Windows over final windows. */
  readonly over: readonly WindowTable<AnyEvent>[];
  /** What receives windows that are final. */
  readonly finals: readonly FinalBranch[];
  /** Fingerprint of the declared tables: workers of another version are fenced out. */
  readonly version: string;
  readonly graph: (ports: Ports) => Observable<Receipt>;
}

/**
 * Declares a pipeline: its tables (one event table and any windows over it), branches that receive final windows (see `whenFinal`), and a pure function
 * from its ports to an observable.
 *
 * @throws ConfigError when the tables do not belong together.
 * @example
 * export default pipeline('storefront', [shopEvents, trade], ({ messages, store }) => messages.pipe(…, acknowledge()));
 */
export function pipeline(
  name: string,
  tables: readonly Declaration[],
  graph: (ports: Ports) => Observable<Receipt>,
): Pipeline {
  const where = `pipeline('${name}')`;
  identifier(name, where);
  const areTables: boolean = Array.isArray(tables) && tables.every((table) => isRecord(table));
  declared(areTables, where, 'its tables', tables, `pipeline('${name}', [events, windows], …)`);
  declared(
    typeof graph === 'function',
    where,
    'a function of its ports',
    graph,
    '({ messages, store }) => messages.pipe(…)',
  );
  const events = tables.filter((table) => table.kind === 'events');
  const all = tables.filter((table) => table.kind === 'windows');
  const windows = all.filter((table) => table.over === undefined);
  const over = all.filter((table) => table.over !== undefined);
  const finals = tables.filter((table) => table.kind === 'finals');
  const [first, ...others] = events;
  if (!first || others.length > 0) {
    const got = events.length === 0 ? 'none' : events.map((table) => table.name).join(', ');
    throw new ConfigError({ where, expected: 'one event table', got, fix: 'one pipeline for each event table' });
  }
  const names = new Map([[first.name, 'the event table']]);
  if (first.dedupe) names.set(idTable(first), `the ids of '${first.name}'`);
  for (const table of all) {
    for (const [each, what] of namesOf(table)) {
      const other = takenBy(first, names, each);
      if (other !== undefined)
        throw new ConfigError({
          where,
          expected: 'tables of different names',
          got: `'${each}' twice: ${other}, and ${what}`,
          fix: 'rename one',
        });
      names.set(each, what);
    }
    if (table.over ? !windows.includes(table.over) : table.of !== first.name) {
      throw new ConfigError({
        where,
        expected: `windows over '${first.name}', or over windows that are declared too`,
        got: `'${table.name}' over '${table.of}'`,
        fix: 'move it to the pipeline of its events',
      });
    }
    if (!table.over) keptUntilFinal(first, table);
  }
  finalsFit(where, finals, all, (each) => takenBy(first, names, each));
  const branches = [...finals, ...over.map((table) => branchOver(table.over as WindowTable<AnyEvent>, table))];
  return { name, events: first, windows, over, finals: branches, version: fingerprint(first, all, branches), graph };
}

/** What a window table makes in the database: tables, the view of what is read of them, and functions. */
function namesOf(table: WindowTable<AnyEvent>): (readonly [name: string, what: string])[] {
  const { name, window } = table;
  return [
    ...storedOf(table).map(
      (each) =>
        [
          each.name,
          each.measure === undefined ? `window table '${name}'` : `the items of '${name}' ${each.measure}`,
        ] as const,
    ),
    [`${name}_windows`, `the view of '${name}'`],
    [`${name}_rollup`, `the roll-up of '${name}'`],
    ...(window.kind === 'hopping' ? [[`${name}_between`, `the function of '${name}'`] as const] : []),
  ];
}

/** What has that name already: a partition of the event table will have it on its day. */
function takenBy(
  { name: events }: EventTable<AnyEvent>,
  names: ReadonlyMap<string, string>,
  name: string,
): string | undefined {
  const isPartition = name.startsWith(`${events}_`) && /^\d{8}$/.test(name.slice(events.length + 1));
  return names.get(name) ?? (isPartition ? `a partition of '${events}'` : undefined);
}

/** Each branch receives windows of this pipeline, under a name that nothing else has. */
function finalsFit(
  where: string,
  finals: readonly FinalBranch[],
  windows: readonly WindowTable<AnyEvent>[],
  takenAs: (name: string) => string | undefined,
): void {
  const tables = new Set<string>();
  const branches = new Set<string>();
  for (const branch of finals) {
    const { name, table } = branch;
    declared(
      windows.includes(table),
      where,
      'window tables that are declared too',
      table.name,
      `declare '${table.name}'`,
    );
    const names = isTableBranch(branch) ? tables : branches;
    const other = isTableBranch(branch) ? takenAs(name) : undefined;
    declared(
      other === undefined && !names.has(name),
      where,
      'branches of names of their own',
      name,
      `rename one: '${name}' is there twice${other === undefined ? '' : `, as ${other}`}`,
    );
    names.add(name);
  }
}

/** A raw event must outlive the wait for its window: otherwise a late one is refused as too old while its window is still open. */
function keptUntilFinal(events: EventTable<AnyEvent>, { name, window }: WindowTable<AnyEvent>): void {
  const keptMs = (events.keepDays ?? Number.POSITIVE_INFINITY) * MS_PER_DAY;
  const neededMs = window.longest / MICROS_PER_MS + events.lateness;
  if (keptMs >= neededMs) return;
  throw new ConfigError({
    where: `eventTable('${events.name}') keep`,
    expected: `at least ${spoken(neededMs)}: window ${spoken(window.longest / MICROS_PER_MS)} of '${name}' + lateness ${spoken(events.lateness)}`,
    got: spoken(keptMs),
    fix: `keep: '${Math.ceil(neededMs / MS_PER_DAY)}d'`,
  });
}

const MS_PER_DAY = 86_400_000;

/** What the database must agree on: change any of it and it is another version. */
export function shapeOf(table: Table | TableBranch): Record<string, unknown> {
  if (table.kind === 'finals') return { kind: 'finals', of: table.table.name, windows: shapeOf(table.table) };
  if (table.kind === 'events') {
    const columns = Object.entries(table.columns).map(([name, column]) => [name, column.type]);
    const id = table.id.read === 'content' ? 'content' : table.id.type;
    return { kind: 'events', id, whole: table.whole, columns, ...(table.dedupe ? { dedupe: 'id' } : {}) };
  }
  return {
    kind: 'windows',
    of: table.of,
    window: [table.window.kind, ...table.window.shape],
    key: Object.entries(table.key).map(([name, column]) => [name, column.type]),
    measures: Object.entries(table.measures).map(([name, { kind, shape = [] }]) => [name, kind, ...shape]),
  };
}

function fingerprint(
  events: EventTable<AnyEvent>,
  windows: readonly WindowTable<AnyEvent>[],
  finals: readonly FinalBranch[],
): string {
  const shapes = [events, ...windows, ...finals.filter(isTableBranch)].map((table) => [table.name, shapeOf(table)]);
  // Workers that judge lateness differently must not share windows; tables that are there may go on under another judgement.
  const time = [events.lateness, events.late, events.skew, ...(events.dedupe ? [events.dedupe.within] : [])];
  // Who makes a window final posts it to every branch: one that does not know them all must not.
  const branches = finals.filter(isPosted).map(({ name, table }) => [name, table.name]);
  return createHash('sha256')
    .update(JSON.stringify([shapes, time, ...(branches.length > 0 ? [branches] : [])]))
    .digest('hex')
    .slice(0, 16);
}
