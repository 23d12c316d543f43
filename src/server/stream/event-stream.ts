import { type Problem, problemText } from '../problem.ts';
import type { Feed, Follower } from './feed.ts';
import { eventBytes, frameBytes, type Position } from './frame.ts';
import { type Unsent, unsent } from './unsent.ts';

/** A table of a stream. */
export interface StreamTable {
  readonly name: string;
  readonly feed: Feed;
  /** What the client holds of it, as its id says. */
  readonly held: Position | 'foreign' | undefined;
  /** Most windows that are held for a client that does not take them. */
  readonly mostRows: number;
}

export interface EventStreamOptions {
  readonly tables: readonly StreamTable[];
  /** The id of a client that holds this, by table. */
  readonly idOf: (held: readonly (Position | undefined)[]) => string;
  /** Whether an id is sent again where nothing else is. */
  readonly renewsId: boolean;
  /** Ends the connection of a client that takes nothing. */
  readonly cut: () => void;
  readonly onEnd: () => void;
}

/** A client: what it has not taken yet, and the bytes that it takes. */
export interface EventStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Follows all tables; the promise of each rejects where it cannot be followed. */
  join(): readonly Promise<void>[];
  /** From now on, what fails is told. */
  begin(): void;
  /** Sends an event of which only the latest matters: `of` says which that is in place of. */
  tell(event: string, of: string, data: string): void;
  /** Tells that nothing is told of a table for a while. */
  trouble(table: string, problem: Problem): void;
  /** A sign of life where nothing waits; ends a client that has taken nothing for so long. */
  beat(patienceMs: number): void;
  /** Ends it; `bye` says that this is no accident. */
  end(how?: 'bye'): void;
}

const HEARTBEAT = Buffer.from(':\n\n');
const BYE = eventBytes('bye', '{}');
/** Clients come back after so long: not all at once. */
const retryBytes = (): Buffer => Buffer.from(`retry: ${Math.round(1_000 + Math.random() * 4_000)}\n\n`);

export function eventStream({ tables, idOf, renewsId, cut, onEnd }: EventStreamOptions): EventStream {
  const positions = new Map<string, Position>();
  const windows = new Map<string, { readonly unsent: Unsent; readonly reset: string | undefined }>();
  const latest = new Map<string, Buffer>();
  /** Tables of which it took so little that it is to begin again once it does. */
  const behind = new Set<(typeof followed)[number]>();
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let wants = false;
  let wantedAt = performance.now();
  let hasBegun = false;
  let hasEnded = false;

  const followed = tables.map((table) => {
    const { name, mostRows, feed } = table;
    const follower: Follower = {
      hasBegun: () => hasBegun,
      take(frame, reset) {
        const before = windows.get(name);
        if (!before || frame.kind === 'whole')
          windows.set(name, { unsent: unsent(frame, mostRows), reset: reset ?? before?.reset });
        else if (!before.unsent.add(frame)) {
          windows.delete(name);
          feed.leave(follower);
          behind.add(own);
        }
        flush();
      },
      trouble: (problem) => trouble(name, problem),
    };
    const own = { ...table, follower };
    return own;
  });

  const idLine = (): Buffer => Buffer.from(`id: ${idOf(tables.map(({ name }) => positions.get(name)))}\n`);

  /** All that waits, as bytes. */
  function* taken(): Generator<Buffer> {
    yield* latest.values();
    latest.clear();
    for (const [name, { unsent: waiting, reset }] of windows) {
      const frame = waiting.frame();
      positions.set(name, frame.position);
      if (reset !== undefined) yield eventBytes('reset', JSON.stringify({ table: name, reason: reset }));
      yield idLine();
      yield frameBytes(frame);
    }
    windows.clear();
  }

  function flush(): void {
    if (!wants || !controller || hasEnded) return;
    for (const bytes of taken()) {
      controller.enqueue(bytes);
      wants = false;
    }
    for (const { feed, follower } of behind) void feed.join(follower, 'foreign');
    behind.clear();
  }

  function tell(event: string, of: string, data: string): void {
    latest.set(`${event} ${of}`, eventBytes(event, data));
    flush();
  }

  const trouble = (table: string, { parts }: Problem): void =>
    tell('trouble', table, `{"table":"${table}",${problemText(parts).slice(1)}`);

  function end(how?: 'bye'): void {
    if (hasEnded) return;
    hasEnded = true;
    for (const { feed, follower } of followed) feed.leave(follower);
    if (how === 'bye') controller?.enqueue(BYE);
    controller?.close();
    onEnd();
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
        given.enqueue(retryBytes());
      },
      pull() {
        wants = true;
        wantedAt = performance.now();
        flush();
      },
      cancel() {
        controller = undefined;
        end();
      },
    },
    { highWaterMark: 0 },
  );

  return {
    body,
    join: () => followed.map(({ feed, follower, held }) => (hasEnded ? Promise.resolve() : feed.join(follower, held))),
    begin() {
      hasBegun = true;
      wantedAt = performance.now();
    },
    tell,
    trouble,
    beat(patienceMs) {
      // nobody can take what has not begun
      if (hasEnded || !hasBegun) return;
      if (wants && controller) {
        wants = false;
        controller.enqueue(renewsId ? Buffer.concat([idLine(), Buffer.from('\n')]) : HEARTBEAT);
      } else if (performance.now() - wantedAt > patienceMs) {
        cut();
        end();
      }
    },
    end,
  };
}
