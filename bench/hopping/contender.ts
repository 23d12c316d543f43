import { once } from 'node:events';
import { from, lastValueFrom } from 'rxjs';
import type { Message } from '../../src/custody.ts';
import { postgresDatabase } from '../../src/sinks/postgres/postgres.ts';
import { median } from '../median.ts';
import { simulate } from '../../src/producer/simulate.ts';
import { benched, type Kind } from './tables.ts';

/** What the process is told. */
export interface Task {
  readonly url: string;
  readonly kind: Kind;
  readonly events: number;
}

/** What it answers after each of its phases: after that, what the parent has seen of Postgres's CPU is the phase's. */
export type Answer =
  | { readonly phase: 'ready' }
  | { readonly phase: 'filled'; readonly cpuMicros: number }
  | { readonly phase: 'closed'; readonly windows: number }
  | { readonly phase: 'read'; readonly milliseconds: number };

const PACK = 500;
/** Events a second of event time: enough for all products in ten seconds. */
const RATE = 2_000;
const READS = 15;
/** The latest thousand windows: their starts are looked up first, as whoever asks for the last minutes knows them. */
const READ = `select * from trade_windows where window_start >= $1::text::timestamptz order by window_start, product limit 1000`;
const SINCE = `select (window_start)::text as since from trade_windows group by window_start order by window_start desc offset 2 limit 1`;

const custody = { acknowledge: () => undefined, release: () => undefined, at: () => undefined, weigh: () => undefined };
const [{ url, kind, events }] = (await once(process, 'message')) as [Task];
const told = async (answer: Answer): Promise<void> => {
  const next = once(process, 'message');
  process.send?.(answer);
  await next;
};

const declared = benched(kind);
const database = postgresDatabase({ url });
await database.migrate(declared);
const store = await database.open(declared, { worker: kind });
const startAt = Math.floor(Date.now() / 60_000) * 60_000 - Math.ceil((events / RATE) * 1_000);
const texts = [...simulate({ seed: 42, events, rate: RATE, startAt }).texts()];
const messages = Array.from({ length: Math.ceil(texts.length / PACK) }, (_, n): Message[] => [
  {
    id: String(n),
    source: 'bench',
    body: `[${texts.slice(n * PACK, (n + 1) * PACK).join(',')}]`,
    attributes: {},
    sentAt: Date.now(),
    receiveCount: 1,
    custody,
  },
]);

await told({ phase: 'ready' });
const before = process.cpuUsage();
await lastValueFrom(declared.graph({ messages: from(messages), store }));
const { user, system } = process.cpuUsage(before);

await told({ phase: 'filled', cpuMicros: user + system });
await database.connection.script(`update scalestream.watermarks set watermark = now() + interval '1 day'`);
let windows = 0;
for (let more = true; more; ) {
  const { final } = await store.time.tick();
  windows += final;
  more = final > 0;
}

await told({ phase: 'closed', windows });
const [row] = await database.connection.run<{ since: string }>(SINCE);
const times: number[] = [];
for (let n = 0; n < READS; n++) {
  const began = performance.now();
  const { length } = await database.connection.run(READ, [row?.since ?? '']);
  times.push(performance.now() - began);
  if (length !== 1_000) throw new Error(`expected 1,000 windows; got ${length}`);
}
await told({ phase: 'read', milliseconds: median(times) });
await database.close();
process.disconnect?.();
