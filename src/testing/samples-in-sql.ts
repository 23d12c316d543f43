import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { connect } from '../sinks/postgres/connect.ts';
import { postgresDatabase } from '../sinks/postgres/postgres.ts';
import { quoteName } from '../sinks/postgres/quote.ts';
import { measureColumns } from '../sinks/postgres/readings.ts';
import { targetOf } from '../sinks/postgres/target.ts';
import type { Describe } from '../store.ts';
import { brokenLaw } from './broken-law.ts';
import type { MeasuredSamples } from './measured-samples.ts';

export type Readings = Readonly<Record<string, string | null>>;

/**
 * Folds the samples in a real database, in so many flushes, and compares what is read there. The database is made for it, and dropped.
 *
 * @param url of a server on which databases may be made.
 */
export async function samplesInSql(
  url: string,
  { graph, table, entries }: MeasuredSamples,
  {
    describe,
    flushes,
    expected,
  }: { readonly describe: Describe; readonly flushes: number; readonly expected: Readings },
): Promise<void> {
  const name = `scalestream_check_${randomBytes(6).toString('hex')}`;
  const admin = connect(targetOf(url), { max: 1, statementMs: 60_000 });
  const own = new URL(url);
  own.pathname = `/${name}`;
  await admin.run(`create database ${name}`);
  const database = postgresDatabase({ url: own.href, connections: 1 });
  try {
    await database.migrate(graph);
    const store = await database.open(graph, { worker: 'check' });
    for (let n = 0; n < flushes; n++) {
      const part = entries.filter((_, i) => i % flushes === n).map((entry, position) => ({ ...entry, position }));
      if (part.length > 0) await store.commit({ entries: part, folds: (await describe(part)).folds, rejects: [] });
    }
    const columns = measureColumns(table).map(({ column, type }) => {
      const quoted = quoteName(column);
      return `${type === 'numeric' ? `trim_scale(${quoted})` : quoted}::text as ${quoted}`;
    });
    const [found] = await database.connection.run<Readings>(`select ${columns.join(', ')} from ${table.name}_windows`);
    if (isDeepStrictEqual({ ...found }, { ...expected })) return;
    const got = `in SQL ${JSON.stringify(found)}, in JavaScript ${JSON.stringify(expected)}, folded in ${flushes} flushes`;
    throw brokenLaw('measure', 'the same in SQL and in JavaScript', got, 'let both say the same, null and empty too');
  } finally {
    await database.close();
    await admin.run(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}
