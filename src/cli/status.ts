import { ConfigError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { fleetOf } from '../runtime/fleet.ts';
import { verdictOf } from '../runtime/verdict.ts';
import { postgresDatabase } from '../sinks/postgres/postgres.ts';
import { readStatus, type Status, type WorkerStatus } from '../sinks/postgres/status.ts';
import { databaseAtStart } from './at-start.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { loadPipeline } from './load-pipeline.ts';
import { DATABASE_FLAGS, databaseUrl } from './settings.ts';
import { grouped } from './worker-progress.ts';

const help = `Usage: scalestream status PIPELINE.ts --database URL [--json]

How far a pipeline is: its watermark and what holds it, which windows are final, what its branches have
still to deliver, its workers, and how late its events come, from which to choose the lateness.

  --database URL        or DATABASE_URL: postgres://user:password@host:port/database
  --json                one JSON object as the last line of the output

Examples:
  scalestream status src/pipelines/storefront.ts --database postgres://localhost/shop
  watch -n 1 scalestream status src/pipelines/ga4.ts
`;

/** `scalestream status`. Exit code 0, or 78 where the database does not know the pipeline. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'how far a pipeline is, and what it waits for',
  help,
  async run(args, env, io) {
    const { values: flags, positionals } = parseFlags(
      'status',
      args,
      { ...DATABASE_FLAGS, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
      { most: 1, what: 'one pipeline file' },
    );
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const url = databaseUrl(flags.database, env);
    const pipeline = await loadPipeline(positionals[0]);
    const status = await statusOf(url, pipeline);
    for (const line of statusLines(status, pipeline)) io.out(line);
    if (flags.json) io.out(JSON.stringify(status));
    return 0;
  },
};

async function statusOf(url: string, pipeline: Pipeline): Promise<Status> {
  const database = postgresDatabase({ url, connections: 1 });
  try {
    const status = await readStatus(database.connection, pipeline);
    if (status) return status;
  } catch (error) {
    throw databaseAtStart(error, url);
  } finally {
    await database.close();
  }
  throw new ConfigError({
    where: `pipeline '${pipeline.name}'`,
    expected: 'it in the database',
    got: 'no such pipeline',
    fix: 'run scalestream migrate first',
  });
}

/** A status as a person reads it. */
function statusLines(status: Status, pipeline: Pipeline): string[] {
  const { name, version, events } = pipeline;
  const lag = status.watermark === null ? 'none yet' : `${status.watermark}, ${status.lag} s ago`;
  const { stages } = fleetOf(status.workers);
  return [
    verdictOf(pipeline, status).text,
    `pipeline   '${name}' version ${status.version}${status.version === version ? '' : `; this file is version ${version}`}`,
    `watermark  ${lag}; held: ${status.held}`,
    `final      ${status.final === null ? 'nothing yet' : `windows that ended until ${status.final}`}; lateness ${events.lateness / 1_000} s, late events: ${events.late}`,
    ...status.tables.map(
      ({ table, open, revised }) =>
        `windows    ${table}: ${grouped(open)} open · ${grouped(revised)} revised within the last hour`,
    ),
    ...status.outbox.map(
      ({ branch, backlog, oldest, failing, error }) =>
        `outbox     ${branch}: ${grouped(backlog)} to deliver, the oldest since ${oldest}${failing === 0 ? '' : ` · ${grouped(failing)} failing: ${error}`}`,
    ),
    ...status.workers.map(
      ({ worker, sources, committed, late, diverted, ...sign }) =>
        `worker     ${worker} (${sources.join(', ')}): ${signOf(sign)} · committed ${grouped(committed)} · late ${grouped(late)} · diverted ${grouped(diverted)}`,
    ),
    ...stages.map(
      ({ stage, messages, busy, backpressured, idle, held }) =>
        `stage      ${stage}: ${grouped(Math.round(messages))} messages/s · ${grouped(held)} held · busy ${percent(busy)} · backpressured ${percent(backpressured)} · idle ${percent(idle)}`,
    ),
    ...delayLines(status.delays),
  ];
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** Whether a worker lives, as far as anybody knows. */
function signOf({ state, seen, life }: Pick<WorkerStatus, 'state' | 'seen' | 'life'>): string {
  if (state === 'live' || state === 'ended') return `${state}, seen ${seen} s ago`;
  return `no sign of life for ${Math.round(seen)} s, given up${state === 'dead' ? '' : ` in ${Math.ceil(life)} s`}`;
}

function delayLines(delays: Status['delays']): string[] {
  const total = delays.reduce((sum, { events }) => sum + events, 0);
  if (total === 0) return ['delay      no events yet: from event time to when the message was sent'];
  let sum = 0;
  const shares = delays.flatMap(({ upToMs, events }) => {
    sum += events;
    if (events === 0) return [];
    const share = `${Number(((sum / total) * 100).toFixed(3))} %`;
    return [
      upToMs === null ? `100 % beyond ${spanOf(delays.at(-2)?.upToMs ?? 0)}` : `${share} within ${spanOf(upToMs)}`,
    ];
  });
  return [
    `delay      from event time to when the message was sent, of ${grouped(total)} events:`,
    `           ${shares.join(' · ')}`,
  ];
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
];

function spanOf(ms: number): string {
  const [size, unit] = UNITS.find(([each]) => ms >= each && ms % each === 0) ?? [1, 'ms'];
  return `${ms / size}${unit}`;
}
