import { canonical } from '../column.ts';
import { declared, isRecord, knownOptions } from '../declared.ts';
import { type Duration, milliseconds } from '../duration.ts';
import { ConfigError, LookupError, messageOf } from '../errors.ts';
import type { Lookup, OpenLookup } from '../lookup.ts';
import { classify } from '../sinks/postgres/classify.ts';
import { connect } from '../sinks/postgres/connect.ts';
import { quoteName, textArray } from '../sinks/postgres/quote.ts';
import { type Target, targetOf } from '../sinks/postgres/target.ts';

export interface FromTableOptions<C extends string> {
  /** `postgres://…`, as for `--database`; any Postgres, not only that of the pipeline. */
  readonly url: string | undefined;
  /** A table or view, `schema.table` outside `public`. */
  readonly table: string;
  /** The column of the keys, unique: its name where it holds text, otherwise its type and name. An index makes it fast. */
  readonly key: string | { readonly uuid: string } | { readonly bigint: string };
  /** What is read of a row, each as text or null. */
  readonly columns: readonly C[];
  /** Limit of a statement. Default `'2s'`, the default deadline of `enrich`. */
  readonly timeout?: Duration;
}

/** A row of the table: the declared columns, as Postgres prints them. */
export type LookupRow<C extends string> = Readonly<Record<C, string | null>>;

const KEY_FIX = "key: 'id', { uuid: 'id' } or { bigint: 'id' }, as the column's type is";

/**
 * A look-up in a table of Postgres: one `select … where key = any(…)` for the keys of a batch.
 *
 * Delivery: reads only. A statement that runs into its limit and a database that is away are asked again; a missing table or column, a key of another
 * type, a key that two rows have, and a missing permission stop the worker. A key that does not fit the column's type is not there.
 *
 * @throws ConfigError for a declaration that cannot work; for a URL when the graph is started.
 * @example
 * fromTable({ url: process.env.DATABASE_URL, table: 'campaigns', key: { bigint: 'id' }, columns: ['name', 'channel'] });
 */
export function fromTable<const C extends string>(options: FromTableOptions<C>): Lookup<LookupRow<C>> {
  knownOptions<FromTableOptions<C>>(options, ['url', 'table', 'key', 'columns', 'timeout'], 'fromTable');
  const { url, table, columns } = options;
  declared(isName(table), 'fromTable table', 'the name of a table', table, "table: 'campaigns'");
  const where = `fromTable('${table}')`;
  const [[type, key] = []] = Object.entries(isRecord(options.key) ? options.key : { text: options.key });
  const isKey = (type === 'text' || type === 'uuid' || type === 'bigint') && isName(key);
  declared(isKey, `${where} key`, 'a column', options.key, KEY_FIX);
  const areColumns = Array.isArray(columns) && columns.length > 0 && columns.every(isName);
  declared(areColumns, `${where} columns`, 'names of columns', columns, "columns: ['name']");
  const timeoutMs = milliseconds(options.timeout ?? '2s', `${where} timeout`);
  const statement = `select ${[key, ...columns].map((column, i) => `${quoteName(column)}::text as c${i}`).join(', ')}
    from ${table.split('.').map(quoteName).join('.')} where ${quoteName(key)} = any($1::text::${type}[])`;

  /** In the form in which Postgres prints them, with those as which they were asked. */
  function asked(keys: readonly string[]): Map<string, string[]> {
    const byForm = new Map<string, string[]>();
    for (const each of keys) {
      const form = canonical(type as 'text', each);
      if (typeof form === 'string') byForm.set(form, [...(byForm.get(form) ?? []), each]);
    }
    return byForm;
  }

  function rowOf(row: Row): LookupRow<C> {
    return Object.fromEntries(columns.map((column, i) => [column, row[`c${i + 1}`] ?? null])) as LookupRow<C>;
  }

  function open(): OpenLookup<LookupRow<C>> {
    const connection = connect(targetFor(where, url), { max: 2, statementMs: timeoutMs });
    return {
      // Nobody but its own limit ends a statement: cancelling it is not within the safe envelope.
      async find(keys) {
        const byForm = asked(keys);
        const found = new Map<string, LookupRow<C>>();
        // Asked even where no key fits: a type that is not the column's should not pass for nothing there.
        const rows = await connection.run<Row>(statement, [textArray([...byForm.keys()])]).catch((error: unknown) => {
          throw failureOf(table, error);
        });
        for (const row of rows) {
          for (const each of byForm.get(row['c0'] ?? '') ?? []) {
            if (found.has(each)) throw ambiguous(table, key as string);
            found.set(each, rowOf(row));
          }
        }
        return found;
      },
      close: connection.end,
    };
  }

  return { name: table, open };
}

type Row = Readonly<Record<string, string | null>>;

const isName = (name: unknown): name is string => typeof name === 'string' && name !== '' && !name.includes('\0');

function targetFor(where: string, url: string | undefined): Target {
  const expected = 'postgres://user:password@host:port/database';
  if (url === undefined)
    throw new ConfigError({ where: `${where} url`, expected, got: 'none', fix: 'is its environment variable set?' });
  try {
    return targetOf(url);
  } catch (cause) {
    throw new ConfigError({ where: `${where} url`, expected, got: 'another', fix: messageOf(cause) }, { cause });
  }
}

function failureOf(table: string, error: unknown): LookupError {
  const { failure, reason, message } = classify(error, table);
  const isPassing = failure === 'retry' || failure === 'slow';
  const hint = reason === '42883' ? `. Fix: ${KEY_FIX}` : '';
  return new LookupError(isPassing ? 'retry' : 'fatal', reason, `look-up '${table}': ${message}${hint}`, {
    cause: error,
  });
}

function ambiguous(table: string, key: string): LookupError {
  const said = `look-up '${table}': several rows have one '${key}'. Fix: a unique column, or a view that has one row a key`;
  return new LookupError('fatal', 'ambiguous', said);
}
