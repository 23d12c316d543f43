import type { PlannedStep } from './fault-plan.ts';
import type { Door } from './postgres-fault-proxy.ts';
import { OBSERVER_ROLE } from './observer.ts';
import type { Post } from './post.ts';
import type { Recovery } from './recovery.ts';
import type { Stage } from './stage.ts';
import type { Tally } from './tally.ts';

/** Makes planned faults happen. */
export interface Striker {
  strike(planned: PlannedStep): void;
  /** Ends what lasts; resolves when Postgres is up. */
  heal(): Promise<void>;
}

export interface StrikerOptions {
  readonly stage: Stage;
  readonly posts: readonly Post[];
  readonly recovery: Recovery;
  readonly tally: Tally;
  readonly onFailure: (what: string) => void;
}

export function striker({ stage, posts, recovery, tally, onFailure }: StrikerOptions): Striker {
  const { postgres, eyes } = stage;
  const timers = new Set<NodeJS.Timeout>();
  /** Crashes follow one another; everything else may happen during one. */
  let crashes: Promise<void> = Promise.resolve();

  const later = (ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  };

  async function crash(): Promise<void> {
    recovery.postgresDown();
    await postgres.crash();
    for (const post of posts) post.postgres.lead(postgres.port);
    eyes.lead(postgres.url);
    recovery.postgresUp();
    tally.add('fault process: Postgres crashed and restarted');
  }

  /** Postgres takes the sudden death of one backend for corrupted memory: it ends all of them and recovers from its log. */
  async function killBackend(): Promise<void> {
    const [victim] = await eyes.ask<{ pid: number }>(
      `select pid from pg_stat_activity where usename <> '${OBSERVER_ROLE}' and application_name = 'scalestream' order by state = 'active' desc, random() limit 1`,
    );
    if (!victim) return;
    recovery.postgresDown();
    try {
      process.kill(victim.pid, 'SIGKILL');
      tally.add('fault process: backend killed -9');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    await eyes.ask('select 1');
    recovery.postgresUp();
  }

  async function terminateBackends(share: number): Promise<void> {
    const [row] = await eyes.ask<{ n: string }>(
      `select count(pg_terminate_backend(pid))::text as n from pg_stat_activity
       where usename <> '${OBSERVER_ROLE}' and application_name = 'scalestream' and random() < $1::text::float8`,
      [String(share)],
    );
    tally.add('fault process: backends terminated', Number(row?.n));
  }

  const failed = (error: unknown): void => onFailure(`a fault could not be made: ${String(error)}`);

  return {
    strike({ slot, step }) {
      const post = posts[slot] as Post;
      const { worker, postgres: proxy } = post;
      const count = (happened: boolean): void => void (happened && tally.add(`fault process: ${step.kind}`));
      const door = (door: Door, ms: number): void => {
        proxy.door(door);
        proxy.cutAll();
        later(ms, () => proxy.door('open'));
      };
      if (step.kind === 'kill') count(worker.kill());
      else if (step.kind === 'term') count(worker.term());
      else if (step.kind === 'freeze') count(worker.freeze(step.ms));
      else if (step.kind === 'terminate backends') terminateBackends(step.share).catch(failed);
      else if (step.kind === 'crash postgres') crashes = crashes.then(crash).catch(failed);
      else if (step.kind === 'kill a backend') crashes = crashes.then(killBackend).catch(failed);
      else if (step.kind === 'latency') {
        proxy.delay(step.delayMs);
        later(step.ms, () => proxy.delay(0));
      } else if (step.kind === 'stall') proxy.stall();
      else if (step.kind === 'cut all') proxy.cutAll();
      else if ('ms' in step) door(step.kind.slice('door '.length) as Door, step.ms);
      if (['latency', 'stall', 'cut all'].includes(step.kind)) tally.add(`fault postgres ${step.kind}`);
    },
    async heal() {
      for (const timer of timers) clearTimeout(timer);
      await crashes;
      for (const post of posts) post.postgres.heal();
    },
  };
}
