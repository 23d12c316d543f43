import { acknowledge, backoff, decode, gather, json, type Pipeline, pipeline, transaction } from '../../src/index.ts';
import type { Order } from '../support/orders.ts';
import { FUTURE, POISON, type Scenario, type SimulatedOrder, UNFIT } from './scenario.ts';
import { simulatedTables } from './simulated-tables.ts';

export const START = Date.UTC(2026, 0, 1);

/** An order's content follows from its id and time: see {@link SimulatedOrder}. */
const orderOf = ({ id, at }: SimulatedOrder): Order => ({
  id,
  at: START + at,
  product: id === UNFIT ? null : (['tea', 'mug', 'pot'][id.charCodeAt(0) % 3] as string),
  cents: Math.abs(id.charCodeAt(0) * 31 + at) % 100,
});

/** The text of a message. */
export const bodyOf = (content: Scenario['messages'][number]['content']): string =>
  typeof content === 'string' ? content : JSON.stringify(content.map(orderOf));

/** Whether an order becomes a reject: by the store, by a fold, or for its time. */
export const isRefused = ({ id, at }: Order): boolean => id === POISON || id === UNFIT || at === START + FUTURE;

/** The pipeline that a scenario runs. */
export function pipelineOf(scenario: Scenario): Pipeline {
  const { gatherEvents, gatherMs, concurrency } = scenario;
  const { orders, windows, fold } = simulatedTables(scenario);
  return pipeline('simulated', [orders, ...windows], ({ messages, store }) =>
    messages.pipe(
      decode(json(orders)),
      gather({ events: gatherEvents, within: `${gatherMs}ms` }),
      transaction(store, { once: orders, concurrency, events: 10, retry: backoff({ first: '50ms', cap: '5s' }) }, fold),
      acknowledge(),
    ),
  );
}
