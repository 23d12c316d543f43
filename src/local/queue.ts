import { startCompanion } from './companion.ts';

/** What the queue's process is told. */
export interface QueueOptions {
  readonly port: number;
  readonly region: string;
}

/** What the queue's process answers. */
export interface QueueReady {
  readonly endpoint: string;
}

/** An SQS server on this machine, and what a client needs to use it. */
export interface LocalQueue {
  /** `http://127.0.0.1:PORT`: give it to the client as `endpoint`, since the host in the server's queue URLs does not resolve everywhere. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly pid: number;
  /** Resolves when the server's process has ended, asked for or not, with its last words. */
  readonly ended: Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts an SQS server (fauxqs) in a process of its own, on 127.0.0.1 only. It lives until `stop()` or until this process ends, in whatever way.
 * Messages are kept in memory and go with it.
 *
 * @param options.port a TCP port; default: a free one.
 * @throws ConfigError when it cannot start, e.g. because the port is taken.
 * @example
 * const queue = await startLocalQueue();
 * const client = new SQSClient({ endpoint: queue.endpoint, region: queue.region, credentials: queue });
 */
export async function startLocalQueue({ port = 0 }: { readonly port?: number } = {}): Promise<LocalQueue> {
  const region = 'us-east-1';
  const { ready, pid, ended, stop } = await startCompanion<QueueReady>(
    'local queue',
    new URL('./queue-process.ts', import.meta.url),
    { port, region } satisfies QueueOptions,
  );
  // The server checks no signature, but the SDK insists on having something to sign with.
  return { endpoint: ready.endpoint, region, accessKeyId: 'local', secretAccessKey: 'local', pid, ended, stop };
}
