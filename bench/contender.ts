import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuOf } from './processes.ts';
import type { Scene, Stage } from './stage.ts';

/** What a contender is told when it may begin. */
export interface Task
  extends Pick<
    Scene,
    'databaseUrl' | 'endpoint' | 'region' | 'queue' | 'queueUrl' | 'accessKeyId' | 'secretAccessKey'
  > {
  /** Events and messages that it must settle. */
  readonly events: number;
  readonly messages: number;
}

/** What a contender answers once all is committed and deleted. */
export interface Done {
  /** From the first receive on. */
  readonly seconds: number;
  /** Of its process, meanwhile. */
  readonly cpuMicros: number;
  readonly peakRssBytes: number;
}

export interface Run extends Done {
  readonly postgresMicros: number;
  readonly queueMicros: number;
}

/** Runs a contender in a process of its own on a filled scene. Whoever fails ends with an error that tells its exit code. */
export async function runContender(
  name: string,
  stage: Stage,
  scene: Scene,
  task: Pick<Task, 'events' | 'messages'>,
): Promise<Run> {
  const execArgv = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  const child = fork(fileURLToPath(new URL(`./contenders/${name}.ts`, import.meta.url)), { execArgv });
  try {
    const { databaseUrl, endpoint, region, queue, queueUrl, accessKeyId, secretAccessKey } = scene;
    child.send({
      databaseUrl,
      endpoint,
      region,
      queue,
      queueUrl,
      accessKeyId,
      secretAccessKey,
      ...task,
    } satisfies Task);
    await told(child, name);
    const before = [cpuOf(stage.database.pid), cpuOf(stage.queue.pid)];
    child.send('begin');
    const done = (await told(child, name)) as Done;
    const after = [cpuOf(stage.database.pid), cpuOf(stage.queue.pid)];
    const [postgresMicros, queueMicros] = after.map(
      (micros, i) => (micros ?? Number.NaN) - (before[i] ?? Number.NaN),
    ) as [number, number];
    return { ...done, postgresMicros, queueMicros };
  } finally {
    if (child.exitCode === null) {
      child.disconnect();
      await once(child, 'exit');
    }
  }
}

async function told(child: ChildProcess, name: string): Promise<unknown> {
  const controller = new AbortController();
  const [message] = (await Promise.race([
    once(child, 'message', controller),
    once(child, 'exit', controller).then(([code]) => {
      throw new Error(`contender '${name}' ended with code ${String(code)}`);
    }),
  ]).finally(() => controller.abort())) as [unknown];
  return message;
}
