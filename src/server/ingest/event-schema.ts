import { isRecord } from '../../declared.ts';
import type { AnyEvent, EventTable } from '../../event-table.ts';
import type { Schema } from '../parameters.ts';
import { pathOf } from './given-ids.ts';

/**
 * The JSON Schema of an event as it may come in, where the library of its schema tells it (Standard JSON Schema); any object otherwise. An id that is
 * given where there is none is not required.
 */
export function eventSchema({ schema, id }: EventTable<AnyEvent>): Schema {
  const { $schema: _, ...told } = toldBy(schema['~standard']) ?? { type: 'object' };
  const [name, ...deeper] = (id.read === 'content' ? undefined : pathOf(id.read)) ?? [];
  const { required } = told;
  if (name === undefined || deeper.length > 0 || !Array.isArray(required)) return told;
  return { ...told, required: (required as unknown[]).filter((each) => each !== name) };
}

/** `undefined` where the library does not, or cannot: no JSON Schema says what a transformation does. */
function toldBy(standard: object): Schema | undefined {
  const converter: unknown = Reflect.get(standard, 'jsonSchema');
  const input: unknown = isRecord(converter) ? converter['input'] : undefined;
  if (typeof input !== 'function') return undefined;
  try {
    const told: unknown = Reflect.apply(input, converter, [{ target: 'draft-2020-12' }]);
    return isRecord(told) ? told : undefined;
  } catch {
    return undefined;
  }
}
