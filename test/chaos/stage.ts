import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { startLocalQueue, type LocalQueue } from '../../src/local/queue.ts';
import { sqsClient } from '../../src/producer/sqs-client.ts';
import { startCommand } from './child.ts';
import { hasRealData } from '../support/e2e-data.ts';
import { type CrashingPostgres, crashingPostgres } from './crashing-postgres.ts';
import { type Ga4Input, ga4Input } from './ga4-input.ts';
import { makeObserverRole, type Observer, observer } from './observer.ts';
import type { Input } from './parcel.ts';
import type { Repeats } from './queue-treatment.ts';
import type { Settings } from './settings.ts';
import { type Line, type Shipments, shipments } from './shipments.ts';
import { storefrontInput } from './storefront-input.ts';

/** One input on its way to its tables: a queue and a pipeline of its own. */
export interface LineOfWork {
  readonly line: Line;
  readonly file: string;
  readonly input: Input;
  readonly queue: string;
  readonly queueUrl: string;
  readonly shipments: Shipments;
  readonly repeats: Repeats;
}

/** The servers of a run, and what passes through them. */
export interface Stage {
  readonly queue: LocalQueue;
  readonly postgres: CrashingPostgres;
  readonly client: SQSClient;
  readonly eyes: Observer;
  readonly lines: ReadonlyMap<Line, LineOfWork>;
  readonly ga4: Ga4Input | undefined;
  /** What every process of the command line is told; nothing else of our own environment reaches it. */
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

const INHERITED = ['PATH', 'HOME', 'TMPDIR'] as const;
const pathOf = (file: string): string => fileURLToPath(new URL(`../../src/pipelines/${file}`, import.meta.url));

/** The command line's own `migrate`; as it ends in peace, it also leaves its compiled code to the workers, of which most will not. */
async function migrate(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = startCommand(['migrate', file], env);
  let err = '';
  child.stdout.resume();
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  if (code !== 0) throw new Error(`migrate ended with ${code}: ${err}`);
}

/** Starts the embedded servers and makes queues and tables. */
export async function openStage({ seed, startAt, realData }: Settings): Promise<Stage> {
  const [queue, postgres] = await Promise.all([startLocalQueue(), crashingPostgres()]);
  const { endpoint, region, accessKeyId, secretAccessKey } = queue;
  const credentials = { accessKeyId, secretAccessKey };
  const client = sqsClient({ endpoint, region, credentials }, { sockets: 8, attempts: 3 });
  const compiled = mkdtempSync(join(tmpdir(), 'scalestream-chaos-compiled-'));
  const base = {
    ...Object.fromEntries(INHERITED.map((name) => [name, process.env[name]])),
    NODE_COMPILE_CACHE: compiled,
    DATABASE_URL: postgres.url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const real = realData && hasRealData ? ga4Input() : undefined;
  const inputs: readonly (readonly [Line, Input, string])[] = [
    ['storefront', storefrontInput(seed, startAt), pathOf('storefront.ts')],
    ...(real ? [['ga4', real, pathOf('ga4.ts')] as const] : []),
  ];
  const lines = new Map<Line, LineOfWork>();
  for (const [line, input, file] of inputs) {
    await migrate(file, base);
    const name = `chaos-${line}`;
    const { QueueUrl: queueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: name }));
    lines.set(line, { line, file, input, queue: name, queueUrl, shipments: shipments(), repeats: [] });
  }
  await makeObserverRole(postgres.url);
  const eyes = observer(postgres.url);
  return {
    queue,
    postgres,
    client,
    eyes,
    lines,
    ga4: real,
    env: base,
    async close() {
      client.destroy();
      await eyes.close();
      await Promise.all([queue.stop(), postgres.stop()]);
      rmSync(compiled, { recursive: true, force: true });
    },
  };
}
