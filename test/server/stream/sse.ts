import { onTestFinished } from 'vitest';
import type { WindowRow } from '../../../src/server/index.ts';

/** An event as a browser would give it. */
export interface SseEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** What a `windows` event says. */
export interface WindowsData {
  readonly table: string;
  readonly rows: readonly WindowRow[];
  readonly removed?: readonly { readonly key: WindowRow['key']; readonly after: string; readonly before: string }[];
  readonly meta: {
    readonly watermark: string | null;
    readonly final: string | null;
    readonly from: string | null;
    readonly asOf: string;
  };
}

/** A client of a stream, as the standard tells it. It reads nothing before it is asked to. */
export interface SseClient {
  /** The next event that is asked for; what comes before is passed over. */
  next(event?: string): Promise<SseEvent>;
  /** Everything until the stream ends. */
  rest(): Promise<SseEvent[]>;
  readonly lastEventId: () => string;
  /** Comments that came. */
  readonly comments: () => number;
  cut(): Promise<void>;
}

export function sse(body: ReadableStream<Uint8Array> | null): SseClient {
  if (!body) throw new Error('expected a body');
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let id = '';
  let comments = 0;
  let over = false;
  const cut = async (): Promise<void> => {
    over = true;
    await reader.cancel().catch(() => undefined);
  };
  onTestFinished(cut);

  /** `undefined`: it ended. */
  async function block(): Promise<SseEvent | undefined> {
    for (;;) {
      const at = text.indexOf('\n\n');
      if (at === -1) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        text += decoder.decode(value, { stream: true });
        continue;
      }
      const lines = text.slice(0, at).split('\n');
      text = text.slice(at + 2);
      const field = (name: string): string | undefined =>
        lines.findLast((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (lines.some((line) => line.startsWith(':'))) comments++;
      id = field('id') ?? id;
      const data = field('data');
      if (data !== undefined) return { event: field('event') ?? 'message', id, data };
    }
  }

  return {
    async next(event) {
      for (;;) {
        const one = await block();
        if (!one) throw new Error(`expected ${event ?? 'an event'}; got the end`);
        if (event === undefined || one.event === event) return one;
      }
    },
    async rest() {
      const all: SseEvent[] = [];
      for (let one = await block(); one; one = await block()) all.push(one);
      return all;
    },
    lastEventId: () => id,
    comments: () => comments,
    cut: () => (over ? Promise.resolve() : cut()),
  };
}

/** What a dashboard holds of tables, by what it was told: the rules of the API, and nothing else. */
export function held() {
  const tables = new Map<string, Map<string, WindowRow>>();
  const idOf = ({ start, key }: WindowRow): string => JSON.stringify([start, key]);
  return {
    take({ event, data }: SseEvent): void {
      if (event === 'reset') tables.delete((JSON.parse(data) as { table: string }).table);
      if (event !== 'windows') return;
      const { table, rows, removed = [], meta } = JSON.parse(data) as WindowsData;
      const own = tables.get(table) ?? new Map<string, WindowRow>();
      tables.set(table, own);
      for (const { key, after, before } of removed)
        for (const [id, row] of own)
          if (JSON.stringify(row.key) === JSON.stringify(key) && row.start > after && row.start < before)
            own.delete(id);
      for (const row of rows) own.set(idOf(row), row);
      for (const [id, row] of own) if (meta.from !== null && row.start < meta.from) own.delete(id);
    },
    /** In the order of the route of windows, from the first on. */
    rows(table: string): WindowRow[] {
      return [...(tables.get(table)?.values() ?? [])].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
    },
  };
}
