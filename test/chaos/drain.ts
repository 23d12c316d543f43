import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { startCommand } from './child.ts';
import { type Post, workerArgs } from './post.ts';
import type { LineOfWork, Stage } from './stage.ts';

const DEADLINE_MS = 180_000;
const DEPTHS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const;

/**
 * Empties the queues without faults, still under the eyes of the guard.
 *
 * @param over ends it at once: the run has failed, and what the guard refuses to let go would never be drained.
 * @returns why that did not succeed, for each queue that was not emptied.
 */
export async function drain(stage: Stage, posts: readonly Post[], over: AbortSignal): Promise<string[]> {
  const reasons = [...stage.lines.values()].map((work) => {
    const post = posts.find((each) => each.work === work) as Post;
    return drained(stage, work, post.env, over);
  });
  return (await Promise.all(reasons)).filter((reason) => reason !== undefined);
}

async function drained(
  stage: Stage,
  work: LineOfWork,
  env: NodeJS.ProcessEnv,
  over: AbortSignal,
): Promise<string | undefined> {
  const child = startCommand([...workerArgs(work, `${work.line} drain`), '--until-drained'], env);
  child.stdout.resume();
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-4_000)));
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, DEADLINE_MS);
  const giveUp = (): void => void child.kill('SIGKILL');
  over.addEventListener('abort', giveUp, { once: true });
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  clearTimeout(timer);
  over.removeEventListener('abort', giveUp);
  if (over.aborted) return undefined;
  const { Attributes: left = {} } = await stage.client.send(
    new GetQueueAttributesCommand({ QueueUrl: work.queueUrl, AttributeNames: ['All'] }),
  );
  const depth = DEPTHS.map((name) => Number(left[name]));
  if (late) return `'${work.queue}' was not empty after ${DEADLINE_MS} ms: ${depth.join(' + ')} messages left\n${err}`;
  if (code !== 0) return `the draining worker of '${work.queue}' ended with ${code}:\n${err}`;
  if (depth.some((n) => n !== 0)) return `'${work.queue}' is not empty: ${depth.join(' + ')} messages left`;
  const open = work.shipments.open;
  return open === 0 ? undefined : `${open} messages of '${work.queue}' are gone without a delete that was seen`;
}
