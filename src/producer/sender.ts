import type { RawBody } from './raw-body.ts';

/** Counts since the sender was made. Events, messages and bytes are those that SQS acknowledged, and no others. */
export interface SenderStats {
  readonly events: number;
  readonly messages: number;
  /** Bytes as SQS counts them: bodies as sent, and attributes. */
  readonly bytes: number;
  readonly requests: number;
  /** Messages that had to be sent once more. */
  readonly resent: number;
}

/** Sends events to a queue. */
export interface Sender {
  /**
   * Takes an event: an object, its JSON text, or what was captured and is no JSON. Memory is bounded by the caller's waiting: where a promise
   * is returned, there is no room for another event until it resolves.
   *
   * @throws SourceError `too-large` when this event fits no message (thrown or rejected; the sender goes on), or the failure that ended
   * the sender.
   */
  send(event: object | string | RawBody): Promise<void> | undefined;
  /** Resolves when everything taken is acknowledged by SQS. Rejects with the failure that ended the sender. */
  flush(): Promise<void>;
  /** {@link flush}, then gives up the connections. Rejects as flush does; {@link stats} then still tells what was sent. */
  close(): Promise<SenderStats>;
  stats(): SenderStats;
}
