import { asColumn, type Column, type ColumnOf } from './column.ts';
import { declared } from './declared.ts';

/**
 * What tells the events of a table apart: an id that their producer gives, the same at every delivery, or `'content'`.
 *
 * `'content'` is for producers that give none: the id is made of what the event says, a UUID of version 8 with 122 bits of the SHA-256 of its canonical
 * JSON, as it was parsed and before the schema saw it. Whitespace and the order of keys do not matter; numbers count as JavaScript prints them, so
 * `1.0` is `1`, and whole numbers beyond 2^53 that share a double are one. What breaks it:
 *
 * - **two events that say the same are one**: two clicks of a user in one millisecond need a field that differs, a counter say;
 * - **an event that says something else when it is sent again is another**: an attempt number, a time of sending, a price that is text now;
 * - `flatMapEvents` derives ids of text for the children, which are no UUIDs.
 */
export type EventIdOf<T> = ColumnOf<T, never> | 'content';

/** The id of an event table: a column that is read from the event, or made of its content. */
export type EventId<T> = Column<T> | { readonly type: 'uuid'; readonly read: 'content' };

/**
 * The id that a declaration means.
 *
 * @throws ConfigError when it is none.
 */
export function asEventId<T>(id: EventIdOf<T>, where: string): EventId<T> {
  if (id === 'content') return { type: 'uuid', read: 'content' };
  const column = asColumn<T, never>(id, `${where} id`);
  const isId = column.type === 'text' || column.type === 'uuid';
  declared(isId, `${where} id`, "an id of type text or uuid, or 'content'", column.type, 'id: (e) => String(e.id)');
  return column;
}
