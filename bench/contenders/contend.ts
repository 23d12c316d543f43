import { once } from 'node:events';
import type { Done, Task } from '../contender.ts';

/** What a contender does: `prepare` is not measured; what it resolves to is, until its promise resolves. */
export type Prepare = (
  task: Task,
) => Promise<{ readonly run: () => Promise<void>; readonly close: () => Promise<void> }>;

/** The contender's side of `runContender`. */
export async function contend(prepare: Prepare): Promise<void> {
  const [task] = (await once(process, 'message')) as [Task];
  const { run, close } = await prepare(task);
  const began = once(process, 'message');
  process.send?.('ready');
  await began;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await run();
  const seconds = (performance.now() - started) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  const gone = once(process, 'disconnect');
  process.send?.({
    seconds,
    cpuMicros: user + system,
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  } satisfies Done);
  await close();
  await gone;
}
