import { expect, inject, onTestFinished } from 'vitest';
import { type OpenWorker, openWorker, type OpenWorkerOptions } from '../../src/cli/open-worker.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import storefront from '../../src/pipelines/storefront.ts';
import { untilDrained } from '../../src/runtime/until-drained.ts';
import { verify } from '../../src/runtime/verify.ts';
import type { WorkerStats } from '../../src/runtime/worker.ts';
import { snapshot } from '../../src/sinks/postgres/snapshot.ts';
import { type Command, command } from '../support/e2e-command.ts';
import { counted, type Scene, scene } from '../support/e2e-scene.ts';
import { booked, type Trade, trade } from '../support/e2e-trade.ts';
import { type PostgresProxy, postgresProxy } from '../support/postgres-proxy.ts';
import { type SqsProxy, sqsProxy } from '../support/sqs-proxy.ts';

/** A worker of this process; its warnings, in the order in which they were given. */
export interface Hired extends OpenWorker {
  readonly warnings: readonly string[];
  /** Stops it in order; what it did. */
  leave(graceMs?: number): Promise<WorkerStats>;
}

/** The storefront's queue and database, each behind a proxy that can misbehave, and the trade that is sent to it. */
export interface Shop extends Scene {
  readonly calls: SqsProxy;
  readonly statements: PostgresProxy;
  readonly trade: Trade;
  /** Bodies of the messages sent so far. */
  readonly bodies: readonly string[];
  /** Settings of a worker whose calls and statements pass the proxies. */
  readonly proxied: Readonly<Record<string, string>>;
  /** Starts a worker process by way of the proxies, with a visibility of 2 s. */
  start(flags?: readonly string[], env?: NodeJS.ProcessEnv): Command;
  /** Starts a worker in this process by way of the proxies, with a visibility of 2 s. */
  hire(options?: Partial<OpenWorkerOptions>): Promise<Hired>;
  /** Ends a worker process by SIGTERM; what it did, as it says itself. */
  end(worker: Command): Promise<Record<string, unknown>>;
  /** Counted events. */
  counted(): Promise<number>;
  /** Messages in the queue, waiting or received. */
  left(): Promise<number>;
  /**
   * An undisturbed worker takes what is left in the queue, if anything is; then the raw events are those that were sent, every window is the fold
   * of them, and the totals are those of the input. What that worker did.
   */
  exact(pipeline?: Pipeline): Promise<WorkerStats | undefined>;
}

export const PIPELINE = 'src/pipelines/storefront.ts';
/** For `vi.waitFor`: a deadline, not a duration; far above what a loaded machine takes. */
export const PATIENCE = { timeout: 60_000, interval: 20 };
export const always = (): boolean => true;

/** Opens a shop whose messages hold `pack` events each. Gone when the test is over. */
export async function shop({ pack = 5, server }: { pack?: number; server?: string } = {}): Promise<Shop> {
  const { sqsEndpoint: endpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  const set = await scene(server);
  const calls = await sqsProxy(endpoint);
  const statements = await postgresProxy(set.database.url);
  onTestFinished(async () => {
    await Promise.all([calls.close(), statements.close()]);
  });
  const bodies: string[] = [];
  const queue = {
    ...set.queue,
    async send(sent: readonly string[]) {
      bodies.push(...sent);
      await set.queue.send(sent);
    },
  };
  const sold = trade(queue, pack);
  const proxied = { ...set.env, AWS_ENDPOINT_URL_SQS: calls.endpoint, DATABASE_URL: statements.url };

  /** Ends a poll that waits for a message with one whose events are known. */
  const wake = (): Promise<void> => set.queue.send(bodies.slice(0, 1));
  const left = async (): Promise<number> => {
    const { visible, inFlight, delayed } = await set.queue.counts();
    return visible + inFlight + delayed;
  };

  async function hire(options: Partial<OpenWorkerOptions> = {}): Promise<Hired> {
    const warnings: string[] = [];
    const opened = await openWorker({
      pipeline: storefront,
      queues: [
        { queue: set.queue.name, endpoint: calls.endpoint, region, credentials: { accessKeyId, secretAccessKey } },
      ],
      databaseUrl: statements.url,
      migrate: true,
      visibilityTimeout: '2s',
      waitSeconds: 1,
      warn: (line) => line.startsWith('no-dead-letter-queue') || warnings.push(line),
      ...options,
    });
    let over: Promise<WorkerStats> | undefined;
    const leave = async (graceMs = 20_000): Promise<WorkerStats> => {
      await opened.worker.stop(graceMs);
      await opened.database.close();
      return opened.worker.stats();
    };
    const once = (graceMs?: number): Promise<WorkerStats> => (over ??= leave(graceMs));
    onTestFinished(async () => {
      const left = once(0);
      await wake();
      await left;
    });
    return { ...opened, warnings, leave: once };
  }

  /** Takes what is left by a worker that nothing disturbs. */
  async function drain(pipeline: Pipeline): Promise<WorkerStats> {
    const last = await hire({
      pipeline,
      queues: [{ queue: queue.name, endpoint, region, credentials: { accessKeyId, secretAccessKey } }],
      databaseUrl: set.database.url,
    });
    await Promise.race([untilDrained(last.source), last.worker.done]);
    return last.worker.stats();
  }

  return {
    ...set,
    queue,
    calls,
    statements,
    trade: sold,
    bodies,
    proxied,
    hire,
    start: (flags = [], env = {}) =>
      command(['run', PIPELINE, '--visibility', '2s', '--json', ...flags], { ...proxied, ...env }),
    counted: () => counted(set, storefront),
    left,
    async end(worker) {
      worker.child.kill('SIGTERM');
      await wake();
      const ended = await worker.ended;
      expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
      return ended.json();
    },
    async exact(pipeline = storefront) {
      const did = (await left()) === 0 ? undefined : await drain(pipeline);
      const verified = await snapshot(set.database.url, pipeline, (view) => verify(pipeline, view));
      expect(verified).toMatchObject({ equal: true, events: sold.sent.events, differing: 0, rejects: 0 });
      expect(sold.sent.purchases).toBeGreaterThan(0);
      expect(await booked(set)).toEqual(sold.sent);
      return did;
    },
  };
}
