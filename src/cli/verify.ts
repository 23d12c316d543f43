import type { Difference, Unreadable } from '../runtime/verify.ts';
import { verify } from '../runtime/verify.ts';
import { classify } from '../sinks/postgres/classify.ts';
import { snapshot } from '../sinks/postgres/snapshot.ts';
import { databaseAtStart } from './at-start.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { DATABASE_FLAGS, databaseUrl } from './settings.ts';
import { grouped } from './worker-progress.ts';

const help = `Usage: scalestream verify PIPELINE.ts --database URL [--json]

Recomputes every window from the raw events and compares. Exit code 0 only if all are equal; otherwise the windows that differ are listed.
Workers may go on meanwhile: it reads one snapshot. Rejects and diverted events (counted = false) are in no window, and counted beside.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --json                one JSON object as the last line of the output

Examples:
  scalestream verify src/pipelines/storefront.ts --database postgres://localhost/shop
  scalestream verify src/pipelines/ga4.ts --json
`;

/** How many differing windows are listed one by one. */
const LISTED = 100;

/** `scalestream verify`: proves `windows = fold(raw)`. Exit code 0 equal, 1 not. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'recompute every window from the raw events and compare',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'verify',
      args,
      {
        ...DATABASE_FLAGS,
        json: { type: 'boolean' },
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
    let listed = 0;
    const result = await snapshot(url, pipeline, (view) =>
      verify(pipeline, view, (difference) => {
        if (listed++ < LISTED) io.out('why' in difference ? unreadable(difference) : describe(difference));
      }),
    ).catch((error: unknown) => {
      throw error instanceof Error && 'code' in error && typeof error.code === 'string' && !('where' in error)
        ? databaseAtStart(classify(error, pipeline.events.name), url)
        : error;
    });
    if (listed > LISTED) io.out(`… and ${grouped(listed - LISTED)} more`);
    const { equal, events, windows, differing, unreadable: lost, rejects, diverted, untaken } = result;
    io.out(
      equal
        ? `equal: ${grouped(windows)} windows are the fold of ${grouped(events)} raw events; ${grouped(rejects)} rejects, ${grouped(diverted)} diverted`
        : `NOT equal: ${grouped(differing)} windows differ from the fold of ${grouped(events)} raw events (${grouped(windows)} are stored)${
            lost > 0 ? `; ${grouped(lost)} raw events cannot be read` : ''
          }`,
    );
    if (untaken > 0)
      io.out(
        `${grouped(untaken)} final windows are still to be taken by windows over them, which were not compared: run scalestream tick`,
      );
    if (flags.json) io.out(JSON.stringify(result));
    return equal ? 0 : 1;
  },
};

const unreadable = ({ id, why }: Unreadable): string => `raw event ${id}: ${why}`;

function describe({ table, window_start, key, expected, found }: Difference): string {
  const named = Object.entries(key).map(([name, value]) => `${name}=${value}`);
  const shown = (row: Difference['found']): string => (row ? JSON.stringify(row) : 'no row');
  return `${[table, window_start, ...named].join(' ')}: expected ${shown(expected)}; found ${shown(found)}`;
}
