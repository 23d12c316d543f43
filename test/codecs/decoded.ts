import type { Entry } from '../../src/batch.ts';
import { type JsonOptions, json } from '../../src/codecs/json.ts';
import type { AnyEvent, EventTable } from '../../src/event-table.ts';
import type { Reject } from '../../src/reject.ts';
import { message } from '../support/message.ts';
import { orders } from '../support/orders.ts';

/** What a message becomes. */
export function decoded<T>(table: EventTable<T>, given: ReturnType<typeof message>, options?: JsonOptions) {
  const entries: Entry<T>[] = [];
  const rejects: Reject[] = [];
  json(table, options).decode(given, entries, rejects);
  return { entries, rejects };
}

/** The ids of the events of a body, and the reasons of its rejects. */
export function outcome(body: string, table: EventTable<AnyEvent> = orders, attributes = {}) {
  const { entries, rejects } = decoded(table, message(body, { attributes }));
  return { ids: entries.map((entry) => entry.id), reasons: rejects.map((reject) => reject.reason) };
}
