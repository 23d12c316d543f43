import type { AnyEvent, EventTable } from '../../src/event-table.ts';
import type { Pipeline, Store, WindowTable } from '../../src/index.ts';
import type { RecordedMessage } from '../support/message.ts';
import { message } from '../support/message.ts';

/** What a test sees of a kept reject. */
export interface KeptReject {
  readonly reason: string;
  readonly detail: string;
  readonly body: string;
  readonly ordinal: number;
}

/** A place for stores, empty at first. */
export interface StoreUnderTest {
  /** A worker's store; several share what is stored. */
  open(pipeline: Pipeline, worker?: string): Promise<Store>;
  /** The rows of a window table: `window_start` in ISO form, the key columns and stored measures as plain text. */
  windows(table: WindowTable<AnyEvent>): Promise<Record<string, unknown>[]>;
  events(table: EventTable<AnyEvent>): Promise<number>;
  rejects(): Promise<readonly KeptReject[]>;
  /** Moves the retention horizon forward, milliseconds since 1970. */
  moveHorizon(table: EventTable<AnyEvent>, to: number): Promise<void>;
  close(): Promise<void>;
}

/** Each event in a message of its own. */
export const apiece = (values: readonly unknown[]): RecordedMessage[] =>
  values.map((value) => message(JSON.stringify(value)));

/** All events in one message. */
export const together = (values: readonly unknown[]): RecordedMessage[] => [message(JSON.stringify(values))];
