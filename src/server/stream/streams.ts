import { Problem } from '../problem.ts';
import type { Serving } from '../serving.ts';
import type { Caller } from '../tokens.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type EventIds, eventIds } from './event-id.ts';
import { type EventStream, eventStream, type StreamTable } from './event-stream.ts';
import { type Feed, feed } from './feed.ts';
import type { Position } from './frame.ts';
import { type Followed, looks } from './look.ts';
import { stats } from './stats.ts';
import type { StreamAsked } from './stream-query.ts';
import { turns } from './turns.ts';

export interface StreamsOptions {
  /** Most streams of this server at once. Default 1,000. */
  readonly perServer?: number;
  /** Most streams of one token at once. Default 500. */
  readonly perCaller?: number;
  /** Looks that are taken at once, whoever follows what: connections of the database. Default 2. */
  readonly atOnce?: number;
  /** A sign of life where nothing else is sent, milliseconds. Default 15,000. */
  readonly heartbeatMs?: number;
  /** A client that takes nothing for so long is cut off, milliseconds. Default 60,000. */
  readonly patienceMs?: number;
  /** Told how many are open, whenever that changes. Default: nobody is. */
  readonly onCount?: (open: number) => void;
}

/** Who asks for a stream. */
export interface StreamClient {
  readonly caller: Caller;
  /** What the ids of its events end with. */
  readonly proof: (() => string) | undefined;
  /** Ends its connection. */
  readonly cut: () => void;
  /** Ends all streams of its server. */
  readonly stopping: AbortSignal | undefined;
}

/** The streams of a server. All who follow the same are told by one loop. */
export interface Streams {
  /** @throws Problem where it cannot begin. */
  open(pipeline: Pipeline, asked: StreamAsked, client: StreamClient): Promise<ReadableStream<Uint8Array>>;
}

export function streams(
  serving: Serving,
  onError: (error: unknown) => Problem,
  {
    perServer = 1_000,
    perCaller = 500,
    atOnce = 2,
    heartbeatMs = 15_000,
    patienceMs = 60_000,
    onCount = () => undefined,
  }: StreamsOptions = {},
): Streams {
  const all = new Set<EventStream>();
  const counts = new Map<string, number>();
  const feeds = new Map<string, Feed>();
  const turn = turns(atOnce);
  const told = stats(serving, onError);
  const heard = new WeakSet<AbortSignal>();
  let heartbeat: NodeJS.Timeout | undefined;

  function feedOf(followed: Followed): Feed {
    const { pipeline, table, understood } = followed;
    const key = JSON.stringify([pipeline.name, table.name, understood]);
    let own = feeds.get(key);
    if (!own) {
      const onEnd = (): void => void feeds.delete(key);
      own = feed({ looks: looks(serving, followed), mayVanish: table.over !== undefined, turn, onError, onEnd });
      feeds.set(key, own);
    }
    return own;
  }

  /** Takes a place among the streams; gives it back once. */
  function place({ name }: Caller): () => void {
    const own = counts.get(name) ?? 0;
    const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
    if (total >= perServer) throw tooMany(503, `at most ${perServer} streams of this server`);
    if (own >= perCaller) throw tooMany(429, `at most ${perCaller} streams of one token`);
    counts.set(name, own + 1);
    let isGone = false;
    return () => {
      const left = (counts.get(name) ?? 1) - 1;
      if (!isGone && left === 0) counts.delete(name);
      else if (!isGone) counts.set(name, left);
      isGone = true;
    };
  }

  function begun(stream: EventStream): void {
    all.add(stream);
    onCount(all.size);
    heartbeat ??= setInterval(() => {
      for (const each of all) each.beat(patienceMs);
    }, heartbeatMs);
  }

  function ended(stream: EventStream): void {
    all.delete(stream);
    onCount(all.size);
    if (all.size > 0) return;
    clearInterval(heartbeat);
    heartbeat = undefined;
  }

  function endsWith(signal: AbortSignal | undefined): void {
    if (!signal || heard.has(signal)) return;
    heard.add(signal);
    signal.addEventListener('abort', () => {
      for (const each of all) each.end('bye');
    });
  }

  return {
    async open(pipeline, asked, { caller, proof, cut, stopping }) {
      if (stopping?.aborted) throw tooMany(503, 'a server that goes on');
      endsWith(stopping);
      const leave = place(caller);
      const ids = eventIds([
        pipeline.name,
        pipeline.version,
        asked.tables.map(({ table, understood }) => [table.name, understood]),
      ]);
      let unfollow = (): void => undefined;
      let isOver = false;
      const stream: EventStream = eventStream({
        tables: tablesOf(pipeline, asked, ids, feedOf),
        idOf: (held) => ids.write(held) + (proof?.() ?? ''),
        renewsId: proof !== undefined,
        cut,
        onEnd() {
          isOver = true;
          leave();
          unfollow();
          ended(stream);
        },
      });
      begun(stream);
      try {
        await begin(stream, asked);
      } catch (error) {
        stream.end();
        throw error;
      }
      // the server may have ended meanwhile
      if (asked.stats && !isOver) unfollow = told.follow(pipeline.name, caller, stream);
      return stream.body;
    },
  };
}

/** Waits for all tables. One that was not named and cannot be followed is told of instead. */
async function begin(stream: EventStream, { tables, isNamed }: StreamAsked): Promise<void> {
  const joined = await Promise.allSettled(stream.join());
  stream.begin();
  for (const [i, result] of joined.entries()) {
    if (result.status === 'fulfilled') continue;
    const problem: unknown = result.reason;
    if (isNamed || !(problem instanceof Problem) || problem.parts.code !== 'too-much') throw problem;
    const name = tables[i]?.table.name ?? '';
    stream.trouble(name, problem);
  }
}

function tablesOf(
  pipeline: Pipeline,
  { tables, lastEventId }: StreamAsked,
  ids: EventIds,
  feedOf: (followed: Followed) => Feed,
): StreamTable[] {
  // what comes after is for the ticket
  const held = lastEventId === undefined || lastEventId === '' ? undefined : ids.read(lastEventId.split('.')[0] ?? '');
  const isForeign = lastEventId !== undefined && lastEventId !== '' && held === undefined;
  return tables.map(({ table, understood }, i): StreamTable => {
    const own: Position | 'foreign' | undefined = isForeign ? 'foreign' : held?.[i];
    return {
      name: table.name,
      feed: feedOf({ pipeline, table, understood }),
      held: own,
      mostRows: understood.asked.limit * 2,
    };
  });
}

const tooMany = (status: 429 | 503, expected: string): Problem =>
  new Problem({
    status,
    code: 'streams',
    title: 'no stream more',
    expected,
    got: 'one more',
    fix: 'come back in a moment, or end one',
    headers: { 'retry-after': '5' },
  });
