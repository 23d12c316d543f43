import { Occupancy } from '../occupancy.ts';
import type { StageStats } from '../source.ts';

/** A stage of the graph, and what it has seen of messages. */
export class Stage extends Occupancy {
  readonly name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}

/** The stages that messages were in, as they are named by `Custody.at`. */
export interface StageClock {
  readonly stage: (name: string) => Stage;
  /** In the order in which they were first entered. */
  readonly read: (now: number) => readonly StageStats[];
}

/** Names come from the graph; one that makes up new ones without end fills no memory. */
const MOST_STAGES = 50;

export function stageClock(): StageClock {
  const stages = new Map<string, Stage>();
  /** Messages of a batch go on together. */
  let last: Stage | undefined;

  function stage(name: string): Stage {
    if (last?.name === name) return last;
    let found = stages.get(name);
    if (!found) {
      found = new Stage(name);
      if (stages.size < MOST_STAGES) stages.set(name, found);
    }
    last = found;
    return found;
  }

  return {
    stage,
    read: (now) =>
      [...stages.values()].map((each) => ({
        stage: each.name,
        entered: each.entered,
        held: each.held,
        occupiedMs: each.occupiedMs(now),
      })),
  };
}
