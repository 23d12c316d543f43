import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

/** What the process that plays the dashboards is told. */
export interface DashboardsTask {
  readonly url: string;
  /** Dashboards that poll, each every so many milliseconds, and those that follow a stream. */
  readonly pollers: number;
  readonly everyMs: number;
  readonly streams: number;
}

/** What it found. */
export interface Dashboards {
  readonly answers: number;
  readonly unchanged: number;
  readonly p50: number;
  readonly p99: number;
  /** Events and bytes that came by streams. */
  readonly events: number;
  readonly bytes: number;
}

/** Dashboards differ by what they look at: one in so many looks at the same. */
const KINDS = 25;

const [task] = (await once(process, 'message')) as [DashboardsTask];
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
const took: number[] = [];
let unchanged = 0;
let events = 0;
let bytes = 0;
let over = false;

const ask = (path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(task.url + path, { agent, headers }, resolve).on('error', reject);
  });

const queryOf = (n: number): string => `key.product=product-${(n % KINDS) + 1}&limit=30`;

async function poll(n: number): Promise<void> {
  let etag: string | undefined;
  await wait((n / task.pollers) * task.everyMs);
  while (!over) {
    const began = performance.now();
    const headers = etag === undefined ? {} : { 'if-none-match': etag };
    const response = await ask(`/v1/pipelines/storefront/windows/product_trade?${queryOf(n)}`, headers);
    response.resume();
    await once(response, 'end');
    took.push(performance.now() - began);
    if (response.statusCode === 304) unchanged += 1;
    else if (response.statusCode !== 200) throw new Error(`expected 200; got ${response.statusCode}`);
    etag = response.headers.etag;
    await wait(task.everyMs);
  }
}

async function follow(n: number): Promise<void> {
  const response = await ask(`/v1/pipelines/storefront/stream?table=product_trade&${queryOf(n)}`);
  if (response.statusCode !== 200) throw new Error(`expected a stream; got ${response.statusCode}`);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    for (let at = chunk.indexOf('event: '); at >= 0; at = chunk.indexOf('event: ', at + 1)) events += 1;
  });
}

await Promise.all(Array.from({ length: task.streams }, (_, n) => follow(n)));
const polling = Array.from({ length: task.pollers }, (_, n) => poll(n));
process.send?.('at work');
await once(process, 'message');
over = true;
took.sort((a, b) => a - b);
const at = (share: number): number => Number((took[Math.floor(took.length * share)] ?? Number.NaN).toFixed(1));
const found: Dashboards = { answers: took.length, unchanged, p50: at(0.5), p99: at(0.99), events, bytes };
process.send?.(found);
await Promise.allSettled(polling);
agent.destroy();
if (process.connected) process.disconnect?.();
