import type { Random } from '../../src/producer/random.ts';

/** Which of the two inputs something belongs to. */
export type Line = 'storefront' | 'ga4';

/** A reject that must be kept: its event's text, and its place in its message where the text does not name an event. */
export interface ExpectedReject {
  readonly body: string;
  readonly reason: string;
  /** Undefined where the text names its own event. */
  readonly ordinal: number | undefined;
}

/** What a message carries, in the form in which the database is asked about it. */
export interface Manifest {
  readonly line: Line;
  /** Good events; repeats within the message count. */
  readonly events: number;
  /** Literals of Postgres arrays: ids, and times in microseconds. */
  readonly ids: string;
  readonly times: string;
  readonly rejects: readonly ExpectedReject[];
}

/** One message on its way. A message that was sent twice is two shipments of one manifest. */
export interface Shipment {
  readonly serial: number;
  readonly manifest: Manifest;
  messageId: string;
  /** Deliveries that were let through. */
  deliveries: number;
  /** Deleted, after the guard had seen all of it in the database. */
  settled: boolean;
  readonly handles: string[];
}

/** Which shipment a receipt handle stands for. Memory: what is under way, and what was settled lately. */
export interface Shipments {
  ship(manifest: Manifest): Shipment;
  bySerial(serial: number): Shipment | undefined;
  byHandle(handle: string): Shipment | undefined;
  delivered(shipment: Shipment, messageId: string, handle: string): void;
  settle(shipment: Shipment): void;
  readonly open: number;
  /** A shipment under way, for sabotage. */
  any(random: Random): Shipment | undefined;
}

/** Late deletes and repeats may still name what was settled: so many shipments are remembered. */
const REMEMBERED = 1_000;

export function shipments(): Shipments {
  const bySerial = new Map<number, Shipment>();
  const byHandle = new Map<string, Shipment>();
  const settled: Shipment[] = [];
  let serial = 0;
  let open = 0;
  return {
    ship(manifest) {
      const shipment = { serial: ++serial, manifest, messageId: '', deliveries: 0, settled: false, handles: [] };
      bySerial.set(shipment.serial, shipment);
      open++;
      return shipment;
    },
    bySerial: (serial) => bySerial.get(serial),
    byHandle: (handle) => byHandle.get(handle),
    delivered(shipment, messageId, handle) {
      shipment.messageId = messageId;
      shipment.deliveries++;
      if (byHandle.has(handle)) return;
      shipment.handles.push(handle);
      byHandle.set(handle, shipment);
    },
    settle(shipment) {
      if (shipment.settled) return;
      shipment.settled = true;
      open--;
      settled.push(shipment);
      if (settled.length <= REMEMBERED) return;
      const forgotten = settled.shift() as Shipment;
      bySerial.delete(forgotten.serial);
      for (const handle of forgotten.handles) byHandle.delete(handle);
    },
    get open() {
      return open;
    },
    any(random) {
      const all = [...bySerial.values()].filter((shipment) => !shipment.settled);
      return all[random.below(Math.max(1, all.length))];
    },
  };
}
