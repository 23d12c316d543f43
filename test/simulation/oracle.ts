import type { MemoryStore } from '../../src/sinks/memory.ts';
import type { Arrival } from '../../src/sources/queue.ts';
import type { Flush, Outcome } from '../../src/store.ts';
import type { Order } from '../support/orders.ts';
import { equal } from './equal.ts';
import type { Scenario } from './scenario.ts';
import { firstEndOf, naiveTables } from './simulated-tables.ts';

/** Watches what a run does to events from the outside, and throws at the first step that breaks an invariant. */
export interface Oracle {
  received(arrivals: readonly Arrival[]): void;
  /** `windows = fold(raw events that were counted)`, at every commit; what is late is said so, and what is diverted is not counted. */
  committed(flush: Flush, outcome: Outcome): void;
  /** Nothing is deleted before each of its events is safe. */
  removing(handles: readonly string[]): void;
  /** Whether all that a body becomes is in the store. */
  isSafe(body: string): boolean;
  /** Every event and reject there should be, once, and nothing else. */
  final(bodies: readonly string[]): void;
}

const nameOf = ({ id, at }: { readonly id: string; readonly at: number }): string => `${at} ${id}`;

export function oracle(store: MemoryStore, scenario: Scenario, isRefused: (order: Order) => boolean): Oracle {
  /** Each event has one outcome, for good. */
  const raw = new Map<string, { readonly order: Order; readonly counted: boolean }>();
  const kept = new Set<string>();
  const bodies = new Map<string, string>();

  /** The names of what a body becomes: of its orders, or of the reject that it is. */
  function outcomesOf(body: string): { readonly orders: readonly Order[]; readonly rejects: readonly string[] } {
    let parsed: unknown;
    try {
      parsed = JSON.parse(body);
    } catch {
      return { orders: [], rejects: [body] };
    }
    if (!Array.isArray(parsed)) return { orders: [], rejects: [body] };
    const orders = parsed as Order[];
    return {
      orders: orders.filter((order) => !isRefused(order)),
      rejects: orders.filter(isRefused).map((order) => JSON.stringify(order)),
    };
  }

  function unsafe(body: string): string | undefined {
    const { orders, rejects } = outcomesOf(body);
    if (orders.some((order) => !raw.has(nameOf(order)))) return 'before it was committed';
    if (rejects.some((reject) => !kept.has(reject))) return 'before its reject was kept';
    return undefined;
  }

  function equalWindows(when: string): void {
    const counted = [...raw.values()].filter((event) => event.counted).map(({ order }) => order);
    for (const [table, rows] of Object.entries(naiveTables(scenario, counted)))
      equal(`the windows of ${table} ${when}`, store.rows(table), rows);
  }

  return {
    received(arrivals) {
      for (const { handle, body } of arrivals) bodies.set(handle, body);
    },
    committed(flush, { fresh, late, diverted }) {
      // What the statement takes for granted: a row is named once, and events are where the folds say they are.
      const names = flush.entries.map((entry) => nameOf(entry.value as Order));
      equal('the distinct events of a flush', [...new Set(names)], names);
      equal(
        'the positions of a flush',
        flush.entries.map((entry) => entry.position),
        [...names.keys()],
      );
      // A commit moves no watermark: what it is now, it was before.
      const reached = (store.watermark() ?? Number.NEGATIVE_INFINITY) / 1_000 - scenario.lateness;
      const added = flush.entries.map((entry) => entry.value as Order).filter((order) => !raw.has(nameOf(order)));
      const isLate = (order: Order) => firstEndOf(scenario, order) <= reached;
      const lates = added.filter(isLate).length;
      const diverts = scenario.late === 'divert';
      for (const order of added) raw.set(nameOf(order), { order, counted: !(diverts && isLate(order)) });
      for (const reject of flush.rejects) kept.add(reject.body);
      equal(
        'the counts of a commit: fresh, late, diverted',
        [fresh, late, diverted],
        diverts ? [added.length - lates, 0, lates] : [added.length, lates, 0],
      );
      equalWindows('after a commit');
      equal('the number of raw events after a commit', store.events(), raw.size);
    },
    isSafe: (body) => unsafe(body) === undefined,
    removing(handles) {
      for (const handle of handles) {
        const body = bodies.get(handle);
        if (body === undefined) throw new Error(`a delete of '${handle}', which was never handed out`);
        const why = unsafe(body);
        if (why !== undefined) throw new Error(`deleted ${why}: ${body}`);
      }
    },
    final(sent) {
      const expected = sent.map(outcomesOf);
      const orders = new Set(expected.flatMap((each) => each.orders).map(nameOf));
      equal('the raw events in the end', [...raw.keys()].sort(), [...orders].sort());
      equalWindows('in the end');
      // An event is the same reject wherever it comes from; a text that names no event is one a message.
      const isEvent = (body: string) => body.startsWith('{"id"');
      const rejects = expected.flatMap((each) => each.rejects);
      const distinct = [...new Set(rejects.filter(isEvent)), ...rejects.filter((body) => !isEvent(body))];
      equal(
        'the rejects in the end',
        store
          .rejects()
          .map((reject) => reject.body)
          .sort(),
        distinct.sort(),
      );
    },
  };
}
