import type { MemoryStore } from '../../src/sinks/memory.ts';
import type { Announcement, WindowState } from '../../src/sinks/memory-time.ts';
import type { Ticked } from '../../src/timekeeping.ts';
import { equal } from './equal.ts';
import type { Scenario } from './scenario.ts';
import { type Watched, watchedOf } from './simulated-tables.ts';

/** A window as its consumers see it. */
interface Seen {
  readonly table: Watched;
  readonly end: number;
  readonly state: WindowState;
  readonly revision: number;
  /** Window, key and measures. */
  readonly contents: readonly (string | null)[];
}

/** Watches the labels of windows, and what of them is announced; throws at the first step that breaks an invariant. */
export interface LabelOracle {
  /** A window changes with its revision, once a commit and pane; a final one is revised, or, where late events are diverted, does not change. Only sessions go. */
  committed(): void;
  /** What the watermark passed is final, and whoever listens to announcements has the contents of every final window. */
  ticked(ticked: Ticked): void;
  /** The end of the first window that is open; `Infinity` when none is. */
  firstOpenEnd(): number;
  readonly seen: { final: number; revised: number };
}

export function labelOracle(store: MemoryStore, scenario: Scenario): LabelOracle {
  const { lateness, late } = scenario;
  const tables = watchedOf(scenario);
  let windows = new Map<string, Seen>();
  const announced = new Map<string, Announcement>();
  let heard = 0;
  /** Sessions that were final and that others took in since the last tick. */
  const gone = new Map<string, Seen>();
  /** All that were ever taken in: none comes back. */
  const joined = new Set<string>();
  /** Whether a window changed since the last tick. */
  let isChanged = false;
  let firstOpenEnd = Number.POSITIVE_INFINITY;
  const seen = { final: 0, revised: 0 };

  function read(): Map<string, Seen> {
    const all = new Map<string, Seen>();
    for (const table of tables) {
      const states = store.states(table.name);
      for (const [i, row] of store.rows(table.name).entries()) {
        const { window_end: _, ...named } = row;
        const name = [table.name, ...Object.values(named).slice(0, 1 + table.keyed)].join(' ');
        const label = states[i] as Pick<Seen, 'state' | 'revision'>;
        all.set(name, { table, end: table.endOf(row), contents: Object.values(row), ...label });
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

  function leave(name: string, before: Seen): void {
    if (!before.table.joins) throw new Error(`${name} is gone, and no window can take it in`);
    joined.add(name);
    if (before.state === 'open') return;
    if (late === 'divert') throw new Error(`${name} was final, and is gone all the same`);
    gone.set(name, before);
  }

  /** A final session that was taken in is announced once more, with what it held. */
  function announcedGone(): number {
    for (const [name, { revision, contents }] of gone) {
      const last = announced.get(name);
      equal(
        `${name}, which is gone, as it was announced last`,
        [last?.removed, last?.revision, last && told(last)],
        [true, revision + 1, contents],
      );
    }
    const n = gone.size;
    gone.clear();
    return n;
  }

  return {
    seen,
    firstOpenEnd: () => firstOpenEnd,
    committed() {
      const now = read();
      isChanged = true;
      for (const [name, before] of windows) if (!now.has(name)) leave(name, before);
      for (const [name, after] of now) {
        if (joined.has(name)) throw new Error(`${name} was part of another session, and is there again`);
        const before = windows.get(name) ?? { state: 'open', revision: 0, contents: [] };
        const { state, revision } = before;
        const changed = after.contents.join() !== before.contents.join() || after.revision !== revision;
        const expected = changed && state !== 'open' ? 'revised' : state;
        equal(
          `${name} after a commit that ${changed ? 'changed' : 'did not change'} it`,
          [after.state, after.revision],
          [
            expected,
            changed ? Math.min(Math.max(after.revision, revision + 1), revision + after.table.merges) : revision,
          ],
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
        equal(
          `${name} as it was announced last`,
          [last?.revision, last && told(last)],
          [after.revision, after.contents],
        );
      }
      revised += announcedGone();
      equal('what a tick did', ticked, { final, revised });
      equal('the announcements of a tick', heard - before.heard, final + revised);
      seen.final += final;
      seen.revised += revised;
      remember(now);
    },
  };
}

/** An announcement as the row that it tells of. */
function told({ table, window, end, key, measures }: Announcement): (string | null)[] {
  const [start, ends] = [window, end].map((micros) => new Date(micros / 1_000).toISOString());
  return [start as string, ...(table === 'spells' ? [ends as string] : []), ...key, ...Object.values(measures)];
}
