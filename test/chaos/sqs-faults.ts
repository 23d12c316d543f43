import type { Random } from '../../src/producer/random.ts';

/** What goes wrong with a call of SQS. Those above the line never reach the server; after the others it has acted. */
export type CallFault =
  | { readonly kind: 'reset' | 'black-hole' | 'empty' }
  | { readonly kind: 'error'; readonly status: number; readonly code: string }
  // ————
  | {
      readonly kind:
        | 'drop-response'
        | 'half-response'
        | 'reorder'
        | 'twice'
        | 'again-later'
        | 'take-back'
        | 'failed-done';
    }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'failed'; readonly share: number };

const ERRORS: readonly (readonly [status: number, code: string])[] = [
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [400, 'RequestThrottled'],
];

type Chances = readonly (readonly [chance: number, fault: (random: Random) => CallFault])[];

const plain =
  (kind: Exclude<CallFault['kind'], 'error' | 'delay' | 'failed'>): (() => CallFault) =>
  () => ({ kind });
const error = (random: Random): CallFault => {
  const [status, code] = ERRORS[random.below(ERRORS.length)] as (typeof ERRORS)[number];
  return { kind: 'error', status, code };
};
const delay = (random: Random): CallFault => ({ kind: 'delay', ms: 50 + random.below(1_500) });

/** Chances a call, by action. Queue look-ups happen at a worker's start, which shall mostly succeed. */
const CHANCES: Readonly<Record<string, Chances>> = {
  ReceiveMessage: [
    [0.01, plain('reset')],
    [0.01, error],
    [0.001, () => ({ kind: 'error', status: 403, code: 'OverLimit' })],
    [0.0005, () => ({ kind: 'error', status: 403, code: 'ExpiredToken' })],
    [0.03, plain('empty')],
    [0.001, plain('black-hole')],
    [0.015, plain('drop-response')],
    [0.005, plain('half-response')],
    [0.02, delay],
    [0.1, plain('reorder')],
    [0.04, plain('twice')],
    [0.06, plain('again-later')],
    [0.03, plain('take-back')],
  ],
  DeleteMessageBatch: [
    [0.02, plain('reset')],
    [0.02, error],
    [0.002, plain('black-hole')],
    [0.04, plain('drop-response')],
    [0.01, plain('half-response')],
    [0.03, delay],
    [0.05, (random) => ({ kind: 'failed', share: random.float() })],
    [0.03, plain('failed-done')],
  ],
  ChangeMessageVisibilityBatch: [
    [0.02, plain('reset')],
    [0.02, error],
    [0.02, plain('drop-response')],
    [0.05, (random) => ({ kind: 'failed', share: random.float() })],
  ],
  GetQueueAttributes: [[0.01, error]],
  GetQueueUrl: [[0.01, error]],
};

/** Draws what goes wrong with the next call of an action: each action has its own numbers, so that the n-th call has the same fate in every run. */
export function sqsFaults(dice: (stream: string) => Random): (action: string) => CallFault | undefined {
  const streams = new Map<string, Random>();
  return (action) => {
    const chances = CHANCES[action];
    if (!chances) return undefined;
    let random = streams.get(action);
    if (!random) streams.set(action, (random = dice(action)));
    let left = random.float();
    for (const [chance, fault] of chances) {
      left -= chance;
      if (left < 0) return fault(random);
    }
    return undefined;
  };
}
