import type { BranchStatus } from '../sinks/postgres/status.ts';
import { grouped } from './worker-progress.ts';

/** What a verb that is done has left for the next one to deliver, a line a branch. */
export const waitingDeliveries = (outbox: readonly BranchStatus[]): string[] =>
  outbox.map(({ branch, backlog, error }) => {
    const waiting = backlog === 1 ? '1 delivery waits' : `${grouped(backlog)} deliveries wait`;
    return `${waiting} in scalestream.outbox: ${branch}${error === null ? '' : `: ${error}`}`;
  });
