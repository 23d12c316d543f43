import { settle } from '../../src/testing/virtual-clock.ts';
import { punctuality } from './punctuality.ts';
import type { Act, Scenario } from './scenario.ts';
import { bodyOf, START } from './simulated-pipeline.ts';
import { type Deeds, type Running, simulatedWorker, stopWorker } from './simulated-worker.ts';
import { HEALED_MS, type Stage, stageOf } from './stage.ts';
import { type Watch, watchOf } from './watch.ts';

/** After the world has healed everything must be settled within this. */
const PATIENCE_MS = 600_000;
/** A run takes some hundred. */
const MOST_STEPS = 100_000;
/** A dead worker's successor starts so much later. */
const RESTART_MS = 500;
const MOST_WORKERS = 5;

/** What a run saw. */
export interface Seen extends Readonly<Deeds> {
  readonly steps: number;
  readonly workers: number;
  /** Windows that became final, and revisions that were announced. */
  readonly final: number;
  readonly revised: number;
}

/**
 * Runs the engine (source, operators, worker) through a scenario in virtual time. The invariants are checked at every commit, every delete, every
 * report, every tick and every step; then the world heals, and everything must come to its end: all is settled, every window is final.
 *
 * @throws Error at the first step that breaks an invariant.
 */
export async function runScenario(scenario: Scenario): Promise<Seen> {
  const stage = stageOf(scenario);
  const watch = watchOf(stage);
  const times = punctuality(scenario);
  const { world, broker, store } = stage;
  const deeds: Deeds = { commits: 0, redelivered: 0, late: 0, diverted: 0 };
  const running: Running[] = [];
  let [steps, workers] = [0, 0];

  const start = (): void => void running.push(simulatedWorker(stage, watch, deeds, workers++));

  function act({ kind, worker, ms }: Act): void {
    const one = running[worker % running.length];
    if (kind === 'start' && running.length < MOST_WORKERS) start();
    if (kind === 'store-down') stage.upAgain = Math.max(stage.upAgain, world.now() + ms);
    if (kind === 'expire') broker.expire();
    if (kind === 'deploy') stage.version += 1;
    if (!one) return;
    if (kind === 'kill') one.process.kill();
    if (kind === 'stall') stall(one, ms);
    if (kind === 'stop') stopWorker(one, watch);
  }

  function stall(one: Running, ms: number): void {
    one.process.stall(ms);
    one.stalledUntil = Math.max(one.stalledUntil, world.now() + ms);
  }

  /** After every step: who died is succeeded, no credit was exceeded, no watermark went back, and no window is overdue. */
  function look(isSettled: boolean): void {
    for (const one of running.filter(({ process }) => !process.alive)) {
      running.splice(running.indexOf(one), 1);
      if (running.length < scenario.workers)
        world.after(RESTART_MS, () => running.length < scenario.workers && start());
    }
    for (const { source, allowed } of running) {
      const { held, heldBytes } = source.stats();
      if (held < 0 || held > allowed() || heldBytes < 0)
        throw new Error(`${held} messages, ${heldBytes} bytes held; allowed ${allowed()}`);
    }
    watch.complain();
    watch.marks.look();
    times.look(world.now(), isSettled && isQuiet(stage, watch, running), watch.labels.firstOpenEnd());
  }

  for (let i = 0; i < scenario.workers; i++) start();
  const bodies = scenario.messages.map(({ content }) => bodyOf(content));
  for (const [i, { at }] of scenario.messages.entries()) world.after(at, () => broker.send([bodies[i] as string]));
  for (const each of scenario.acts) world.after(each.at, () => act(each));
  const endOfSends = START + Math.max(HEALED_MS, ...scenario.messages.map(({ at }) => at));

  await settle();
  for (;;) {
    const { waiting, inFlight } = broker.depth();
    const isSettled = waiting + inFlight === 0 && running.every(({ source }) => source.stats().held === 0);
    look(isSettled);
    if (world.now() > endOfSends && isSettled && watch.labels.firstOpenEnd() === Number.POSITIVE_INFINITY) break;
    if (world.now() > START + HEALED_MS + PATIENCE_MS)
      throw new Error(`it hangs: ${waiting} waiting, ${inFlight} in flight`);
    await world.step();
    steps += 1;
    if (steps > MOST_STEPS) throw new Error(`it goes round in circles at ${new Date(world.now()).toISOString()}`);
  }
  watch.labels.ticked(await store.time.tick());
  watch.events.final(bodies);
  return { ...deeds, ...watch.labels.seen, steps, workers };
}

/** Nothing is wrong any more, and everybody whom the store takes for alive idles: then windows become final in time. */
function isQuiet({ healed, world, troubles }: Stage, { marks }: Watch, running: readonly Running[]): boolean {
  if (!healed() || running.length === 0) return false;
  if (marks.live().some((process) => !running.some((one) => one.process === process))) return false;
  if ([...troubles].some(({ process }) => process.alive)) return false;
  return running.every((one) => one.recovered() && !one.stopping && one.stalledUntil <= world.now());
}
