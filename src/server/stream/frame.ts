/** A window as a stream sends it. */
export interface Row {
  /** Its key as JSON. */
  readonly key: string;
  /** Its start, as it is written: of one table all have one form, so texts are in order as the times are. */
  readonly start: string;
  /** All of it as JSON. */
  readonly text: string;
}

/** Windows of a key that begin between two moments, which are not of them: they are gone, taken in by one that is there. */
export interface Removed {
  readonly key: string;
  readonly after: string;
  readonly before: string;
}

/** How far somebody is who has all of a frame: what an id says of a table. */
export interface Position {
  readonly xid: bigint;
  /** Microseconds since 1970 from which on all windows are held; `undefined`: all. */
  readonly us: string | undefined;
  /** Whose transactions these are. */
  readonly database: string;
}

/** What one look at a table found, made once for all who follow it. */
export interface Frame {
  readonly table: string;
  /** `whole`: all that is followed, whatever was sent before. */
  readonly kind: 'whole' | 'changes';
  readonly rows: readonly Row[];
  readonly removed: readonly Removed[];
  /** JSON: watermark, final, from, asOf. */
  readonly meta: string;
  readonly position: Position;
}

const written = new WeakMap<Frame, Buffer>();

/** The event of a frame, but for its id: written once. */
export function frameBytes(frame: Frame): Buffer {
  let bytes = written.get(frame);
  if (!bytes) written.set(frame, (bytes = windowsEvent(frame)));
  return bytes;
}

const removedText = ({ key, after, before }: Removed): string =>
  `{"key":${key},"after":"${after}","before":"${before}"}`;

function windowsEvent({ table, rows, removed, meta }: Frame): Buffer {
  const gone = removed.length > 0 ? `"removed":[${removed.map(removedText).join(',')}],` : '';
  const data = rows.map(({ text }) => text).join(',');
  return Buffer.from(`event: windows\ndata: {"table":"${table}",${gone}"rows":[${data}],"meta":${meta}}\n\n`);
}

/** Any other event; `data` is JSON of one line. */
export const eventBytes = (event: string, data: string): Buffer => Buffer.from(`event: ${event}\ndata: ${data}\n\n`);
