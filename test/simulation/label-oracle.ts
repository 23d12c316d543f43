import type { MemoryStore } from '../../src/sinks/memory.ts';
import type { Announcement, WindowState } from '../../src/sinks/memory-time.ts';
import type { Ticked } from '../../src/timekeeping.ts';
import { PACE_MS, TRADE_MS, type Timing } from '../time/timed-orders.ts';
import { equal } from './equal.ts';

/** A window as its consumers see it. */
interface Seen {
  readonly end: number;
  readonly state: WindowState;
  readonly revision: number;
  /** Window, key and measures. */
  readonly contents: readonly (string | null)[];
}

/** Watches the labels of windows, and what of them is announced; throws at the first step that breaks an invariant. */
export interface LabelOracle {
  /** A window changes with its revision, once a commit; a final one is revised, or, where late events are diverted, does not change. */
  committed(): void;
  /** What the watermark passed is final, and whoever listens to announcements has the contents of every final window. */
  ticked(ticked: Ticked): void;
  /** The end of the first window that is open; `Infinity` when none is. */
  firstOpenEnd(): number;
  readonly seen: { final: number; revised: number };
}

const SIZES = { trade: TRADE_MS, pace: PACE_MS };
const TABLES = ['trade', 'pace'] as const;

export function labelOracle(store: MemoryStore, { lateness, late }: Timing): LabelOracle {
  let windows = new Map<string, Seen>();
  const announced = new Map<string, Announcement>();
  let heard = 0;
  /** Whether a window changed since the last tick. */
  let isChanged = false;
  let firstOpenEnd = Number.POSITIVE_INFINITY;
  const seen = { final: 0, revised: 0 };

  function read(): Map<string, Seen> {
    const all = new Map<string, Seen>();
    for (const table of TABLES) {
      const states = store.states(table);
      for (const [i, row] of store.rows(table).entries()) {
        const contents = Object.values(row);
        const name = [table, ...contents.slice(0, table === 'trade' ? 2 : 1)].join(' ');
        const end = Date.parse(row['window_start'] as string) + SIZES[table];
        all.set(name, { end, contents, ...(states[i] as Pick<Seen, 'state' | 'revision'>) });
      }
    }
    return all;
  }

  function remember(now: Map<string, Seen>): void {
    windows = now;
    firstOpenEnd = Math.min(...[...now.values()].filter(({ state }) => state === 'open').map(({ end }) => end));
  }

  function listen(): void {
    for (const one of store.announced().slice(heard)) {
      heard += 1;
      const name = [one.table, new Date(one.window / 1_000).toISOString(), ...one.key].join(' ');
      const last = announced.get(name)?.revision ?? 0;
      if (one.revision <= last) throw new Error(`${name}: revision ${one.revision} announced after ${last}`);
      announced.set(name, one);
    }
  }

  return {
    seen,
    firstOpenEnd: () => firstOpenEnd,
    committed() {
      const now = read();
      isChanged = true;
      for (const [name, after] of now) {
        const before = windows.get(name) ?? { state: 'open', revision: 0, contents: [] };
        const { state, revision } = before;
        const changed = after.contents.join() !== before.contents.join() || after.revision !== revision;
        const expected = changed && state !== 'open' ? 'revised' : state;
        equal(
          `${name} after a commit that ${changed ? 'changed' : 'did not change'} it`,
          [after.state, after.revision],
          [expected, changed ? revision + 1 : revision],
        );
        if (expected === 'revised' && late === 'divert') throw new Error(`${name} was final, and changed all the same`);
      }
      remember(now);
    },
    ticked(ticked) {
      const reached = (store.watermark() ?? Number.NEGATIVE_INFINITY) / 1_000 - lateness;
      const isIdle = !isChanged && firstOpenEnd > reached;
      if (isIdle && ticked.final + ticked.revised === 0 && store.announced().length === heard) return;
      const now = read();
      isChanged = false;
      const before = { heard, announced: new Map(announced) };
      listen();
      let [final, revised] = [0, 0];
      for (const [name, after] of now) {
        const { state, revision, contents } = windows.get(name) as Seen;
        const closes = state === 'open' && after.end <= reached;
        if (closes) final += 1;
        else if (state === 'revised' && before.announced.get(name)?.revision !== revision) revised += 1;
        equal(
          `${name} after a tick`,
          [after.state, after.revision, after.contents],
          [closes ? 'final' : state, revision, contents],
        );
        if (after.state === 'open') continue;
        const last = announced.get(name);
        const told = last && [
          new Date(last.window / 1_000).toISOString(),
          ...last.key,
          ...Object.values(last.measures),
        ];
        equal(`${name} as it was announced last`, [last?.revision, told], [after.revision, after.contents]);
      }
      equal('what a tick did', ticked, { final, revised });
      equal('the announcements of a tick', heard - before.heard, final + revised);
      seen.final += final;
      seen.revised += revised;
      remember(now);
    },
  };
}
