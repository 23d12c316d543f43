import { declared, isRecord, knownOptions } from './declared.ts';
import { type AnyEvent, reserved } from './event-table.ts';
import type { FinalSink, FinalTable } from './final-sink.ts';
import type { FinalWindow } from './final-window.ts';
import { identifier } from './identifier.ts';
import type { WindowTable } from './window-table.ts';

export interface WhenFinalOptions<
  K extends string,
  M extends string,
  U extends Readonly<Record<M, string>> = Readonly<Record<M, string>>,
> {
  /** Names the branch in `scalestream.outbox`; keep it when the destination moves. */
  readonly name: string;
  /** Which windows are sent. What it refuses is done without being sent. Default: all. Synchronous and pure. */
  readonly when?: (window: FinalWindow<K, M, U>) => boolean;
  /** What is sent: text as it is, anything else as JSON. Default: the window. Synchronous and pure. */
  readonly body?: (window: FinalWindow<K, M, U>) => unknown;
}

interface Branch {
  readonly kind: 'finals';
  /** Of the table, or of the branch in the outbox. */
  readonly name: string;
  readonly table: WindowTable<AnyEvent>;
}

/** A branch into a table of the same database. */
export interface TableBranch extends Branch {
  readonly to: FinalTable;
}

/** A branch out of the database, by way of the outbox. */
export interface SinkBranch extends Branch {
  readonly to: FinalSink;
  readonly when: (window: FinalWindow) => unknown;
  readonly body: (window: FinalWindow) => unknown;
}

/** A branch into windows over the windows: by way of the outbox, and in the same database. */
export interface OverBranch extends Branch {
  readonly to: WindowTable<AnyEvent>;
}

/** What {@link whenFinal} declares, and what a table of windows over windows does. */
export type FinalBranch = TableBranch | SinkBranch | OverBranch;

/** The branch by which a table of windows over `table` receives them. */
export const branchOver = (table: WindowTable<AnyEvent>, to: WindowTable<AnyEvent>): OverBranch => ({
  kind: 'finals',
  name: `over ${to.name}`,
  table,
  to,
});

export const isTableBranch = (branch: FinalBranch): branch is TableBranch => branch.to.kind === 'table';
export const isOverBranch = (branch: FinalBranch): branch is OverBranch => branch.to.kind === 'windows';
/** Those that the outbox keeps until they are done. */
export const isPosted = (branch: FinalBranch): branch is SinkBranch | OverBranch => !isTableBranch(branch);
export const isSinkBranch = (branch: FinalBranch): branch is SinkBranch => branch.to.kind === 'sink';

/**
 * A branch that receives each window of a table once it is final, and again with its revision when it changed since: once a tick, never once a merge, so
 * that revisions between two ticks may be skipped, and the last one never is. It begins with the windows that become final after the branch was migrated.
 *
 * Delivery: into a table exactly once, in the statement that makes the window final. To a queue or a webhook at least once, in no order, each time with the
 * same {@link FinalWindow.delivery}; what cannot be delivered stays in `scalestream.outbox` with the error and is tried again, for ever.
 *
 * @throws ConfigError for a declaration that cannot work.
 * @example
 * const finals = whenFinal(sales, toTable('sales_final'));
 * const finance = whenFinal(sales, toQueue({ queue: 'finance' }), { name: 'finance', when: (w) => w.measures.purchases !== '0' });
 * export default pipeline('shop', [shopEvents, sales, finals, finance], ({ messages, store }) => …);
 */
export function whenFinal(table: WindowTable<AnyEvent>, to: FinalTable): FinalBranch;
export function whenFinal<K extends string, M extends string, U extends Readonly<Record<M, string>>>(
  table: WindowTable<AnyEvent, K, M, U>,
  to: FinalSink,
  options: WhenFinalOptions<K, M, U>,
): FinalBranch;
export function whenFinal(
  table: WindowTable<AnyEvent>,
  to: FinalTable | FinalSink,
  options?: WhenFinalOptions<string, string>,
): FinalBranch {
  const isTable: boolean = isRecord(table) && table.kind === 'windows';
  declared(isTable, 'whenFinal', 'a window table', table, "whenFinal(sales, toTable('sales_final'))");
  const where = `whenFinal('${table.name}')`;
  const isTarget: boolean = isRecord(to) && (to.kind === 'table' || to.kind === 'sink');
  declared(isTarget, where, 'toTable(…), toQueue(…) or toWebhook(…)', to, `whenFinal(${table.name}, toTable('…'))`);
  if (to.kind === 'table') {
    declared(options === undefined, where, 'no options with toTable: it takes every window', options, 'leave them out');
    for (const column of [...Object.keys(table.key), ...Object.keys(table.measures)])
      if (
        column === 'delivered_at' ||
        (column === 'removed' && (table.window.kind === 'session' || table.over !== undefined))
      )
        throw reserved(`${where} into '${to.name}'`, column);
    return { kind: 'finals', name: to.name, table, to };
  }
  declared(isRecord(options), `${where} to ${to.name}`, 'options with a name', options, "{ name: 'finance' }");
  knownOptions<WhenFinalOptions<string, string>>(options, ['name', 'when', 'body'], where);
  const { name, when = () => true, body = (window) => window } = options;
  identifier(name, `${where} name`);
  declared(typeof when === 'function', `${where} when`, 'a function of the window', when, 'when: (w) => !w.revised');
  declared(typeof body === 'function', `${where} body`, 'a function of the window', body, 'body: (w) => w.measures');
  return { kind: 'finals', name, table, to, when, body };
}
