import type { ColumnType } from '../column.ts';
import type { AnyEvent } from '../event-table.ts';
import { measureColumns } from '../sinks/postgres/readings.ts';
import type { WindowTable } from '../window-table.ts';
import type { Schema } from './parameters.ts';

/** A column of a window table as answers tell it. */
export interface WindowColumn {
  readonly name: string;
  readonly role: 'key' | 'measure';
  readonly type: ColumnType | 'jsonb';
  /** The measure that it is of. */
  readonly measure?: string;
  /** What kind of measure that is. */
  readonly kind?: string;
  readonly unit?: string;
}

const known = new WeakMap<WindowTable<AnyEvent>, readonly WindowColumn[]>();

/** Its key columns, then those of its measures, in the order of declaration. */
export function columnsOf(table: WindowTable<AnyEvent>): readonly WindowColumn[] {
  let columns = known.get(table);
  if (!columns) known.set(table, (columns = [...keysOf(table), ...measuresOf(table)]));
  return columns;
}

const keysOf = ({ key }: WindowTable<AnyEvent>): WindowColumn[] =>
  Object.entries(key).map(([name, { type }]) => ({ name, role: 'key', type }));

const measuresOf = (table: WindowTable<AnyEvent>): WindowColumn[] =>
  measureColumns(table).map(({ column, measure, type }) => {
    const { kind = '', unit } = table.measures[measure] ?? {};
    const of = { measure, kind, ...(unit ? { unit } : {}) };
    return { name: column, role: 'measure', type: type as WindowColumn['type'], ...of };
  });

const NUMBER = /^-?\d+(?:\.\d+)?$/;

/** A value, which Postgres printed, as JSON: numbers with all their digits, or as text; `jsonb` as it is. */
export function jsonOf({ type }: Pick<WindowColumn, 'type'>, text: string | null, numbers: 'json' | 'text'): string {
  if (text === null) return 'null';
  switch (type) {
    case 'bigint':
    case 'numeric':
      return numbers === 'json' && NUMBER.test(text) ? text : JSON.stringify(text);
    case 'boolean':
    case 'jsonb':
      return text;
    default:
      return JSON.stringify(text);
  }
}

const SCHEMAS: Readonly<Record<WindowColumn['type'], Schema>> = {
  text: { type: 'string' },
  uuid: { type: 'string', format: 'uuid' },
  bigint: { type: 'integer', description: 'exact, also beyond 2^53; a string with numbers=text' },
  numeric: { type: 'number', description: 'exact, with all its digits; a string with numbers=text' },
  boolean: { type: 'boolean' },
  jsonb: { description: 'JSON' },
};

/** Its schema. A measure may be null: nothing contributed. */
export function schemaOf({ role, type, unit }: WindowColumn): Schema {
  const schema = SCHEMAS[type];
  const ofUnit = unit ? { 'x-unit': unit } : {};
  if (role === 'key' || !('type' in schema)) return { ...schema, ...ofUnit };
  return { ...schema, type: [schema['type'], 'null'], ...ofUnit };
}
