import { isDeepStrictEqual } from 'node:util';
import type { Flush } from '../../src/store.ts';
import type { MemoryStore } from '../../src/sinks/memory.ts';
import type { Arrival } from '../../src/sources/queue.ts';
import { naiveTrade } from '../support/naive-fold.ts';
import type { Order } from '../support/orders.ts';

/** Watches a run from the outside, and throws at the first step that breaks an invariant. */
export interface Oracle {
  received(arrivals: readonly Arrival[]): void;
  /** `windows = fold(raw)`, at every commit. */
  committed(flush: Flush): void;
  /** Nothing is deleted before each of its events is safe. */
  removing(handles: readonly string[]): void;
  /** Every event and reject there should be, once, and nothing else. */
  final(bodies: readonly string[]): void;
}

const nameOf = ({ id, at }: { readonly id: string; readonly at: number }): string => `${at} ${id}`;

export function oracle(store: MemoryStore, isRefused: (order: Order) => boolean): Oracle {
  const raw = new Map<string, Order>();
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

  return {
    received(arrivals) {
      for (const { handle, body } of arrivals) bodies.set(handle, body);
    },
    committed(flush) {
      // What the statement takes for granted: a row is named once, and events are where the folds say they are.
      const names = flush.entries.map((entry) => nameOf(entry.value as Order));
      equal('the distinct events of a flush', [...new Set(names)], names);
      equal(
        'the positions of a flush',
        flush.entries.map((entry) => entry.position),
        [...names.keys()],
      );
      for (const entry of flush.entries) {
        const order = entry.value as Order;
        if (!raw.has(nameOf(order))) raw.set(nameOf(order), order);
      }
      for (const reject of flush.rejects) kept.add(reject.body);
      equal('the windows after a commit', store.rows('trade'), naiveTrade([...raw.values()]));
      equal('the number of raw events after a commit', store.events(), raw.size);
    },
    removing(handles) {
      for (const handle of handles) {
        const body = bodies.get(handle);
        if (body === undefined) throw new Error(`a delete of '${handle}', which was never handed out`);
        const { orders, rejects } = outcomesOf(body);
        for (const order of orders)
          if (!raw.has(nameOf(order))) throw new Error(`deleted before it was committed: ${body}`);
        for (const reject of rejects)
          if (!kept.has(reject)) throw new Error(`deleted before its reject was kept: ${body}`);
      }
    },
    final(sent) {
      const expected = sent.map(outcomesOf);
      const orders = new Map(expected.flatMap((each) => each.orders).map((order) => [nameOf(order), order]));
      equal('the raw events in the end', [...raw.keys()].sort(), [...orders.keys()].sort());
      equal('the windows in the end', store.rows('trade'), naiveTrade([...orders.values()]));
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

function equal(what: string, got: unknown, expected: unknown): void {
  if (isDeepStrictEqual(got, expected)) return;
  throw new Error(`${what}: expected ${JSON.stringify(expected)}; got ${JSON.stringify(got)}`);
}
