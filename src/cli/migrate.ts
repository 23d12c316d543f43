import { postgresDatabase } from '../sinks/postgres/postgres.ts';
import { databaseAtStart } from './at-start.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { DATABASE_FLAGS, databaseUrl } from './settings.ts';

const help = `Usage: scalestream migrate PIPELINE.ts --database URL

Creates or updates the tables of a pipeline. Safe to repeat, and from many processes at once. Workers of another version stop.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database

Examples:
  scalestream migrate src/pipelines/storefront.ts --database postgres://localhost/shop
  DATABASE_URL=postgres://localhost/shop scalestream migrate src/pipelines/ga4.ts
`;

/** `scalestream migrate`. Exit code 0, or 78 when the database refuses. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: "create or update a pipeline's tables",
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'migrate',
      args,
      {
        ...DATABASE_FLAGS,
        help: { type: 'boolean', short: 'h' },
      },
      { most: 1, what: 'one pipeline file' },
    );
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const url = databaseUrl(flags.database, env);
    const pipeline = await loadPipeline(positionals[0]);
    const database = postgresDatabase({ url });
    try {
      await database.migrate(pipeline);
    } catch (error) {
      throw databaseAtStart(error, url);
    } finally {
      await database.close();
    }
    const tables = [pipeline.events, ...pipeline.windows, ...pipeline.over].map((table) => table.name);
    io.out(`pipeline '${pipeline.name}' is at version ${pipeline.version}: ${tables.join(', ')}`);
    return 0;
  },
};
