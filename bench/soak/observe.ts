import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, connect } from '../../src/sinks/postgres/connect.ts';
import { targetOf } from '../../src/sinks/postgres/target.ts';
import { type PostgresSample, postgresSample } from './postgres-sample.ts';
import type { WorkerLife } from './worker-life.ts';

const SAMPLE_MS = 5_000;

/** What is looked at, and until when. */
export interface Observation {
  readonly workers: readonly WorkerLife[];
  readonly databaseUrl: string;
  readonly until: Promise<unknown>;
}

/** Samples workers and database until something has happened. The workers keep their own samples. */
export async function observe({ workers, databaseUrl, until }: Observation): Promise<readonly PostgresSample[]> {
  const started = performance.now();
  const looking = new AbortController();
  const over = until.finally(() => looking.abort());
  const series: PostgresSample[] = [];
  const observer: Connection = connect(targetOf(databaseUrl), { max: 1, statementMs: 30_000 });
  try {
    while (!looking.signal.aborted) {
      await wait(SAMPLE_MS, undefined, { signal: looking.signal }).catch(() => undefined);
      if (looking.signal.aborted) break;
      for (const worker of workers) worker.sample();
      series.push(await postgresSample(observer, (performance.now() - started) / 1_000));
    }
  } finally {
    await observer.end();
  }
  await over;
  return series;
}
