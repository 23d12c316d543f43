import type { Batch, Entry } from '../batch.ts';
import { validator } from '../codecs/json.ts';
import { canonical } from '../column.ts';
import { parserFor } from '../codecs/parse-json.ts';
import { Refusal } from '../codecs/refusal.ts';
import type { EventTable } from '../event-table.ts';
import type { Reject } from '../reject.ts';
import { refuse } from './refuse.ts';

/**
 * Brings events that an operator changed to the form in which they are stored: as JSON, read back through the table's schema. What is folded is
 * thus exactly what a later reader finds in the raw table. Events that do not survive this are rejects, and so are children of events (see
 * `flatMapEvents`) whose derived ids do not fit the table.
 */
export function restore<T>(table: EventTable<T>, batch: Batch<T>): Batch<T> {
  if (batch.entries.every((entry) => entry.json !== undefined)) return batch;
  const validate = validator(table);
  const entries: Entry<T>[] = [];
  const rejects: Reject[] = [...batch.rejects];
  for (const entry of batch.entries) {
    const restored = entry.json === undefined ? readBack(table, entry, validate) : entry;
    if (restored instanceof Refusal) rejects.push(refuse(entry, 'transaction', restored.reason, restored.detail));
    else entries.push(restored);
  }
  return { ...batch, entries, rejects };
}

function readBack<T>(
  table: EventTable<T>,
  entry: Entry<T>,
  validate: ReturnType<typeof validator<T>>,
): Entry<T> | Refusal {
  const { type } = table.id;
  if (canonical(type, entry.id) !== entry.id) {
    return new Refusal(
      'no-id',
      `expected an id of type ${type}; got '${entry.id}'. Fix: declare the table's id as text`,
    );
  }
  if (!table.whole) return entry;
  let json: string;
  try {
    json = JSON.stringify(entry.value) ?? 'null'; // throws for a cycle, a bigint, or what is too deep
  } catch (error) {
    return new Refusal('schema', `the changed event is no JSON: ${String(error)}`);
  }
  const raw = parserFor(json)(json);
  const result = raw instanceof Refusal ? raw : validate(raw);
  return result instanceof Refusal ? result : { ...entry, value: result.value, json };
}
