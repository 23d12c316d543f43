import type { Clock } from '../../src/clock.ts';
import { type MemoryStore, memoryStore, type Pipeline } from '../../src/index.ts';
import { seededRandom } from '../../src/producer/random.ts';
import { type MemoryBroker, memoryBroker } from '../../src/sources/memory-broker.ts';
import { type VirtualClock, virtualClock } from '../../src/testing/virtual-clock.ts';
import { type Fates, fates, type Troubles } from './call.ts';
import type { Scenario } from './scenario.ts';
import { pipelineOf, START } from './simulated-pipeline.ts';

/** Faults are over by then. */
export const HEALED_MS = 15_000;

/** Where a scenario takes place: the world's clock, the servers, and what becomes of calls to them. */
export interface Stage {
  readonly scenario: Scenario;
  readonly world: VirtualClock;
  readonly random: () => number;
  readonly declared: Pipeline;
  readonly broker: MemoryBroker;
  readonly store: MemoryStore;
  readonly storeClock: Clock;
  /** How long a worker that says nothing counts as alive. */
  readonly lifeMs: number;
  readonly calls: Readonly<Record<'receives' | 'commits' | 'removes' | 'extends' | 'reports', Fates>>;
  readonly troubles: Troubles;
  /** Whether nothing goes wrong any more. */
  readonly healed: () => boolean;
  /** How many messages were sent before an instant, so far. */
  readonly sentBefore: (instant: number) => number;
  /** The version in force. */
  version: number;
  /** The store is down until then. */
  upAgain: number;
}

/** A clock that is off by so much. */
export const offBy = (clock: Clock, ms: number): Clock => ({ ...clock, now: () => clock.now() + ms });

export function stageOf(scenario: Scenario): Stage {
  const { chance, duplicates, storeAhead, skew, visibilitySeconds, messages } = scenario;
  const world = virtualClock(START);
  const dice = seededRandom(chance);
  const random = () => dice.float();
  const healed = () => world.now() >= START + HEALED_MS;
  const declared = pipelineOf(scenario);
  const storeClock = offBy(world, storeAhead * skew);
  return {
    scenario,
    world,
    random,
    declared,
    broker: memoryBroker(world, { duplicates, disorder: true, random }),
    store: memoryStore(declared, { clock: storeClock }),
    storeClock,
    lifeMs: visibilitySeconds * 1_000 + scenario.lifeMs,
    calls: {
      receives: fates(scenario.receives, healed),
      commits: fates(scenario.commits, healed),
      removes: fates(scenario.removes, healed),
      extends: fates(scenario.extends, healed),
      reports: fates(scenario.reports, healed),
    },
    troubles: new Set(),
    healed,
    sentBefore: (instant) => messages.filter(({ at }) => START + at < Math.min(instant, world.now())).length,
    version: 1,
    upAgain: 0,
  };
}
