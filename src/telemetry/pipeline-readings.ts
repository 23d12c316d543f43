import type { Pipeline } from '../pipeline.ts';
import type { Standing } from '../sinks/postgres/standing.ts';
import { isPosted } from '../when-final.ts';
import { type Reader, type Reading, reading } from './reading.ts';
import { HOLDS } from './registry.ts';

/** The database is asked no oftener, however many scrape. */
const EVERY_MS = 5_000;
/** A scrape waits so long for it; it is told what was known before where the database takes longer. */
const PATIENCE_MS = 1_000;
/** What was known is told no longer than this. */
const STALE_MS = 30_000;

/** What is in the outbox under a name that no longer is a branch. */
const UNDECLARED = 'undeclared';

/**
 * What the database says of a pipeline. Every worker tells the same.
 *
 * @param ask reads it: see `readStanding`.
 * @param now monotonic milliseconds.
 */
export function pipelineReadings(
  pipeline: Pipeline,
  ask: () => Promise<Standing | undefined>,
  now: () => number = () => performance.now(),
): Reader {
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let known: { readonly at: number; readonly standing: Standing } | undefined;
  let isUp = false;

  async function look(): Promise<void> {
    askedAt = now();
    try {
      const standing = await ask();
      isUp = true;
      if (standing) known = { at: now(), standing };
    } catch {
      // what fails is told as a metric, and the worker's own statements say why
      isUp = false;
    }
  }

  return async () => {
    if (now() - askedAt >= EVERY_MS) asking ??= look().finally(() => (asking = undefined));
    if (asking && !(await isDone(asking))) isUp = false;
    const up = reading('databaseUp', { pipeline: pipeline.name }, isUp ? 1 : 0);
    return known && now() - known.at < STALE_MS ? [up, ...readingsOf(pipeline, known.standing)] : [up];
  };
}

function readingsOf({ name: pipeline, finals }: Pipeline, { workers, hold, partitions, outbox }: Standing): Reading[] {
  const declared = finals.filter(isPosted).map(({ name }) => name);
  const branches = outbox.map((each) => ({
    ...each,
    branch: declared.includes(each.branch) ? each.branch : UNDECLARED,
  }));
  const idle = declared.filter((branch) => !outbox.some((each) => each.branch === branch));
  return [
    ...Object.entries(workers).map(([state, n]) => reading('workers', { pipeline, state }, n)),
    ...HOLDS.map((reason) => reading('hold', { pipeline, reason }, reason === hold ? 1 : 0)),
    reading('partitions', { pipeline }, partitions),
    ...[...branches, ...idle.map((branch) => ({ branch, backlog: 0, failing: 0, oldest: 0 }))].flatMap((each) => [
      reading('backlog', { pipeline, branch: each.branch }, each.backlog),
      reading('failing', { pipeline, branch: each.branch }, each.failing),
      reading('waiting', { pipeline, branch: each.branch }, each.oldest),
    ]),
  ];
}

async function isDone(asking: Promise<void>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(resolve, PATIENCE_MS, false);
  try {
    return await Promise.race([asking.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
