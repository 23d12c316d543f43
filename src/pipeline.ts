import { createHash } from 'node:crypto';
import type { Observable } from 'rxjs';
import type { Delivery, Message } from './custody.ts';
import { declared, isRecord } from './declared.ts';
import { ConfigError } from './errors.ts';
import type { AnyEvent, EventTable } from './event-table.ts';
import { identifier } from './identifier.ts';
import type { Store } from './store.ts';
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

/** Every event that arrived is in exactly one of these. */
export interface Counts {
  readonly committed: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly filtered: number;
  /** Windows that began, not a kind of event. */
  readonly windows: number;
}

/** A committed batch whose messages were acknowledged. */
export interface Receipt {
  readonly acknowledged: number;
  readonly counts: Counts;
}

export type Table = EventTable<AnyEvent> | WindowTable<AnyEvent>;

/** A declared graph and its tables. */
export interface Pipeline {
  readonly name: string;
  readonly events: EventTable<AnyEvent>;
  readonly windows: readonly WindowTable<AnyEvent>[];
  /** Fingerprint of the declared tables: workers of another version are fenced out. */
  readonly version: string;
  readonly graph: (ports: Ports) => Observable<Receipt>;
}

/**
 * Declares a pipeline: its tables (one event table and any windows over it) and a pure function from its ports to an observable.
 *
 * @throws ConfigError when the tables do not belong together.
 * @example
 * export default pipeline('storefront', [shopEvents, trade], ({ messages, store }) => messages.pipe(…, acknowledge()));
 */
export function pipeline(
  name: string,
  tables: readonly Table[],
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
  const windows = tables.filter((table) => table.kind === 'windows');
  const [first, ...others] = events;
  if (!first || others.length > 0) {
    const got = events.length === 0 ? 'none' : events.map((table) => table.name).join(', ');
    throw new ConfigError({ where, expected: 'one event table', got, fix: 'one pipeline for each event table' });
  }
  const names = new Set([first.name]);
  for (const table of windows) {
    if (names.has(table.name))
      throw new ConfigError({
        where,
        expected: 'tables of different names',
        got: `'${table.name}' twice`,
        fix: 'rename one',
      });
    if (table.of !== first.name) {
      throw new ConfigError({
        where,
        expected: `windows over '${first.name}'`,
        got: `'${table.name}' over '${table.of}'`,
        fix: 'move it to the pipeline of its events',
      });
    }
    names.add(table.name);
  }
  return { name, events: first, windows, version: fingerprint(first, windows), graph };
}

/** What the database must agree on: change any of it and it is another version. */
export function shapeOf(table: Table): Record<string, unknown> {
  if (table.kind === 'events') {
    const columns = Object.entries(table.columns).map(([name, column]) => [name, column.type]);
    return { kind: 'events', id: table.id.type, whole: table.whole, columns };
  }
  return {
    kind: 'windows',
    of: table.of,
    window: [table.window.kind, table.window.size],
    key: Object.entries(table.key).map(([name, column]) => [name, column.type]),
    measures: Object.entries(table.measures).map(([name, measure]) => [name, measure.kind]),
  };
}

function fingerprint(events: EventTable<AnyEvent>, windows: readonly WindowTable<AnyEvent>[]): string {
  const shapes = [events, ...windows].map((table) => [table.name, shapeOf(table)]);
  return createHash('sha256').update(JSON.stringify(shapes)).digest('hex').slice(0, 16);
}
