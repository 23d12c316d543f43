import { type Database, type Pipeline, snapshot } from '../../src/index.ts';
import { verify } from '../../src/runtime/verify.ts';
import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';
import type { AnyEvent } from '../../src/event-table.ts';
import { type Stored, storedOf } from '../../src/stored.ts';
import type { WindowTable } from '../../src/window-table.ts';
import { type Ground, ground } from './ground.ts';

/** Real databases behind the pipelines of a run, each compared with the memory store. */
export interface RealGround {
  of(pipeline: Pipeline): Promise<Ground>;
  /** What differs between the database and memory, or between the database and itself. */
  differences(): Promise<string[]>;
  close(): Promise<void>;
}

/** Makes the pipelines' tables in the database at `url`. */
export function realGround(url: string): RealGround {
  const database: Database = postgresDatabase({ url, connections: 4, statementMs: 30_000 });
  const grounds = new Map<string, { readonly pipeline: Pipeline; readonly ground: Ground }>();
  return {
    async of(pipeline) {
      const known = grounds.get(pipeline.name);
      if (known) return known.ground;
      await database.migrate(pipeline);
      const made = ground(pipeline, await database.open(pipeline, { worker: 'fuzz' }));
      grounds.set(pipeline.name, { pipeline, ground: made });
      return made;
    },
    async differences() {
      const found: string[] = [];
      for (const {
        pipeline,
        ground: { memory },
      } of grounds.values())
        found.push(...(await differences(url, pipeline, memory)));
      return found;
    },
    close: () => database.close(),
  };
}

/** Reads one table after the other, as text, in the order of its key. */
async function differences(url: string, pipeline: Pipeline, memory: Ground['memory']): Promise<string[]> {
  const found: string[] = [];
  await snapshot(url, pipeline, async (view) => {
    const { equal, events, differing } = await verify(pipeline, view);
    if (!equal) found.push(`${pipeline.name}: ${differing} windows of the database are not the fold of its raw events`);
    if (events !== memory.events())
      found.push(`${pipeline.name}: ${events} events in the database, ${memory.events()} in memory`);
    const rejects = await view.rejects();
    if (rejects !== memory.rejects().length)
      found.push(`${pipeline.name}: ${rejects} rejects in the database, ${memory.rejects().length} in memory`);
    for (const table of pipeline.windows) {
      const rows: string[] = [];
      for await (const some of view.rows(storedOf(table)[0] as Stored))
        for (const { window, key, parts } of some)
          rows.push(JSON.stringify([new Date(window / 1_000).toISOString(), ...key, ...parts]));
      const expected = memory
        .rows(table.name)
        .map((row) => JSON.stringify(columnsOf(table).map((column) => row[column])))
        .sort();
      const index = expected.findIndex((row, i) => row !== rows.sort()[i]);
      if (rows.length !== expected.length || index >= 0)
        found.push(
          `${table.name}: ${rows.length} rows in the database, ${expected.length} in memory; memory ${expected[index]}, database ${rows[index]}`,
        );
    }
  });
  return found;
}

/** What is stored of a window: what is computed of that, the database computes. */
const columnsOf = (table: WindowTable<AnyEvent>): string[] => {
  const { key, parts } = storedOf(table)[0] as Stored;
  return ['window_start', ...key.map(({ name }) => name), ...parts.map(({ column }) => column)];
};
