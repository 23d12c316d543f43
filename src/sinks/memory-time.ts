import type { Clock } from '../clock.ts';
import { type Micros, MICROS_PER_MS } from '../event-time.ts';
import type { AnyEvent } from '../event-table.ts';
import { NO_OUTBOX } from '../outbox.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Timekeeping } from '../timekeeping.ts';
import type { WindowTable } from '../window-table.ts';
import { identityOf, type WindowRow } from './accumulate.ts';
import type { MemoryWorkerOptions } from './memory.ts';

/** A window as it was announced: final, or revised since. */
export interface Announcement extends WindowRow {
  readonly table: string;
  readonly revision: number;
  /** Whether it changed since it became final. */
  readonly revised: boolean;
  /** A session that was final, and is gone: one that begins earlier took it in. */
  readonly removed?: true;
  /** Everything that is stored and computed of it, by column. */
  readonly measures: Readonly<Record<string, string | null>>;
}

/** Labels, never locks: what is known of a window may still change. */
export type WindowState = 'open' | 'final' | 'revised';

/** What is known of a window beside its measures. */
interface Label {
  revision: number;
  /** The revision that was final first; `undefined` while open. */
  final: number | undefined;
  announced: number;
}

interface Live {
  readonly low: number | undefined;
  readonly expiresAt: number;
  /** Somebody else let it live on after a silence, and it has not reported since. */
  readonly woken?: true;
}

/** While nobody could report, nobody died: whoever comes back first after so long lets everybody live on who lived when the silence began. */
const SILENCE_MS = 5_000;

/**
 * Time in the memory store: watermark, labels of windows, announcements. `rowsOf` reads a table's rows, `measuresOf` what is computed of one; `follow` is told what windows over windows take, `pendingOf` says
 * where those begin that they could not take. */
export function memoryTime(
  pipeline: Pipeline,
  clock: Clock,
  rowsOf: (table: WindowTable<AnyEvent>) => Iterable<WindowRow>,
  measuresOf: (table: WindowTable<AnyEvent>, row: WindowRow) => Readonly<Record<string, string | null>>,
  follow: (announced: readonly Announcement[]) => void,
  pendingOf: (table: WindowTable<AnyEvent>) => readonly Micros[],
) {
  const { lateness, skew } = pipeline.events;
  const labels = new Map<string, Label>();
  const workers = new Map<object, Live>();
  const announced: Announcement[] = [];
  /** What was final, is gone, and is still to be announced. */
  let removed: Announcement[] = [];
  let watermark: Micros | undefined;
  let toldAt = Number.POSITIVE_INFINITY;

  function tell(self: object, low: number | undefined, lifeMs: number): void {
    const now = clock.now();
    const silence = now - toldAt;
    if (silence > SILENCE_MS) {
      for (const [worker, live] of workers)
        if (live.expiresAt > toldAt && !live.woken)
          workers.set(worker, { ...live, expiresAt: live.expiresAt + silence, woken: true });
    }
    toldAt = now;
    workers.set(self, { low, expiresAt: now + lifeMs });
  }

  const labelOf = (table: string, row: WindowRow): Label => {
    const identity = `${table} ${identityOf(row.window, row.key)}`;
    let label = labels.get(identity);
    if (!label) labels.set(identity, (label = { revision: 0, final: undefined, announced: 0 }));
    return label;
  };

  function advance(): boolean {
    const now = clock.now();
    const live = [...workers.values()].filter(({ expiresAt }) => expiresAt > now).map(({ low }) => low);
    if (live.length === 0 || live.includes(undefined)) return false;
    const mark = (Math.min(...(live as number[])) - skew) * MICROS_PER_MS;
    if (mark <= (watermark ?? Number.NEGATIVE_INFINITY)) return false;
    watermark = mark;
    return true;
  }

  /** Whether all is taken that may belong to a row of a table over windows: none below that begins within it is open, or still to be taken. */
  const isWhole = (table: WindowTable<AnyEvent>, row: WindowRow): boolean => {
    if (!table.over) return true;
    const within = (start: Micros): boolean => start >= row.window && start < row.end;
    for (const below of rowsOf(table.over))
      if (within(below.window) && labelOf(table.over.name, below).final === undefined) return false;
    return !pendingOf(table).some(within);
  };

  function tick(): { final: number; revised: number } {
    const first = announced.length;
    const closed = close(pipeline.windows);
    follow(announced.slice(first));
    const over = close(pipeline.over);
    return { final: closed.final + over.final, revised: closed.revised + over.revised };
  }

  function close(tables: readonly WindowTable<AnyEvent>[]): { final: number; revised: number } {
    const frontier = (watermark ?? Number.NEGATIVE_INFINITY) - lateness * MICROS_PER_MS;
    let [final, revised] = [0, 0];
    for (const table of tables) {
      for (const row of rowsOf(table)) {
        const label = labelOf(table.name, row);
        if (label.final === undefined && row.end <= frontier && isWhole(table, row)) {
          label.final = label.revision;
          final++;
        } else if (label.final !== undefined && label.revision > label.announced) revised++;
        else continue;
        label.announced = label.revision;
        const { revision } = label;
        announced.push({
          table: table.name,
          ...row,
          parts: [...row.parts],
          measures: measuresOf(table, row),
          revision,
          revised: revision !== label.final,
        });
      }
    }
    announced.push(...removed);
    revised += removed.length;
    removed = [];
    return { final, revised };
  }

  return {
    watermark: () => watermark,
    announced: () => announced,
    /** A commit changed the row. */
    changed: (table: string, row: WindowRow): void => void labelOf(table, row).revision++,
    /** A commit took the row away; `measures` are what it held. */
    removed(table: string, row: WindowRow, measures: Announcement['measures']): void {
      const { revision, final } = labelOf(table, row);
      // Should it come again, it goes on counting, so that no revision is told twice.
      const identity = `${table} ${identityOf(row.window, row.key)}`;
      if (final === undefined) labels.delete(identity);
      else labels.set(identity, { revision: revision + 1, final: undefined, announced: 0 });
      if (final === undefined) return;
      const last = { table, ...row, parts: [...row.parts], measures, revision: revision + 1 };
      removed.push({ ...last, revised: true, removed: true });
    },
    stateOf(table: string, row: WindowRow) {
      const { revision, final } = labelOf(table, row);
      return { state: stateOf(revision, final), revision };
    },
    open({ lifeMs = 75_000 }: MemoryWorkerOptions): Timekeeping {
      const self = {};
      return {
        async report({ low }) {
          tell(self, low, lifeMs);
          return { moved: advance(), clock: clock.now(), watermark };
        },
        tick: async () => tick(),
        outbox: NO_OUTBOX,
        retain: async () => undefined,
        leave: async () => void workers.delete(self),
      };
    },
  };
}

const stateOf = (revision: number, final: number | undefined): WindowState =>
  final === undefined ? 'open' : revision === final ? 'final' : 'revised';
