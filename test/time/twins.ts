import type { MemoryStore, Store } from '../../src/index.ts';
import type { Database } from '../../src/sinks/postgres/postgres.ts';
import type { TimedPlace } from './timed-place.ts';

/** A worker's view of Postgres, and the same worker's of the memory store. */
export interface Twin {
  readonly name: string;
  readonly real: Store;
  readonly model: Store;
}

/** Workers that come and go. One that crashed counts as alive until it is buried: nobody waits for that here. */
export interface Twins {
  at(worker: number): Twin;
  /** It takes its leave, and another one comes in its place. */
  leave(worker: number): Promise<void>;
  /** It is gone without a word, and another one comes in its place. */
  crash(worker: number): Promise<void>;
  /** Whoever crashed is dead to the stores too. */
  bury(): Promise<void>;
}

/** A worker in each of the processes. Until it reports, nobody knows how far it is: to Postgres it is there all the same. */
export async function twins(
  { pipeline, place }: TimedPlace,
  processes: readonly Database[],
  memory: MemoryStore,
): Promise<Twins> {
  let born = 0;
  const dead: Twin[] = [];

  async function open(process: Database): Promise<Twin> {
    const name = `worker ${born++}`;
    const twin = { name, real: await process.open(pipeline, { worker: name }), model: memory.open({ worker: name }) };
    await twin.model.time.report({ low: undefined, source: 'test', holding: false });
    return twin;
  }
  const living: Twin[] = [];
  for (const process of processes) living.push(await open(process));
  const succeed = async (worker: number): Promise<void> => {
    living[worker] = await open(processes[worker] as Database);
  };

  return {
    at: (worker) => living[worker] as Twin,
    async leave(worker) {
      const { real, model } = living[worker] as Twin;
      await real.time.leave();
      await model.time.leave();
      await succeed(worker);
    },
    async crash(worker) {
      dead.push(living[worker] as Twin);
      await succeed(worker);
    },
    async bury() {
      const names = dead.map(({ name }) => `'${name}'`);
      if (names.length === 0) return;
      await place.query(`update scalestream.workers set expires_at = 'epoch' where worker in (${names.join()})`);
      for (const { model } of dead.splice(0)) await model.time.leave();
    },
  };
}
