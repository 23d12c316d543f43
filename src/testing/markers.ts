import { type Duration, milliseconds } from '../duration.ts';

/** What is sent to a pipeline under test: an event, several in one message, the very text of a message, or a fault. */
export type Sent = object | string | readonly object[] | Fault;

/** A fault among the things sent; see {@link duplicate}, {@link late}, {@link crash}, {@link stall}. */
export type Fault =
  | { readonly fault: 'duplicate'; readonly item: object | string }
  | { readonly fault: 'late'; readonly item: object | string; readonly ms: number }
  | { readonly fault: 'crash' }
  | { readonly fault: 'stall'; readonly ms: number };

const faults = new WeakSet<object>();

function mark<F extends Fault>(fault: F): F {
  faults.add(fault);
  return fault;
}

/** Whether `item` was made by one of the functions here: an event may have a field named `fault`. */
export const isFault = (item: object): item is Fault => faults.has(item);

/** Sends the same message twice, as a producer that retries does. */
export const duplicate = (item: object | string): Fault => mark({ fault: 'duplicate', item });

/** Sends the message `by` later than what stands around it. */
export const late = (item: object | string, by: Duration): Fault =>
  mark({ fault: 'late', item, ms: milliseconds(by, 'late by') });

/** Kills the worker at the worst moment: its next commit is done, nothing is deleted yet. Another one takes its place. */
export const crash = (): Fault => mark({ fault: 'crash' });

/** Stops the worker for so long, after its next commit and before it deletes anything, while another one works. */
export const stall = (time: Duration): Fault => mark({ fault: 'stall', ms: milliseconds(time, 'stall') });
