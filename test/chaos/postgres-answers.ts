/** The end of what a server said to one request. */
export interface Answer {
  readonly bytes: Buffer;
  /** A command completed without an error and the server is ready again, outside any transaction: it is committed. */
  readonly committed: boolean;
  /** First column of the last row, as text. */
  readonly first: string | undefined;
  readonly columns: number;
  /** SQLSTATE of an error, if there was one. */
  readonly error: string | undefined;
}

const HEAD = 5;
const DATA_ROW = 0x44;
const ERROR = 0x45;
const COMPLETE = 0x43;
const READY = 0x5a;
const IDLE = 0x49;
const BIND_COMPLETE = 0x32;
const CODE = 0x43;

/**
 * Cuts what a Postgres server says (protocol 3.0, "Message Formats") into answers, each up to its ReadyForQuery. By then the server has
 * committed: it says so only after the transaction's end is on disk.
 *
 * @returns a function of the server's bytes; it returns messages that the client waits for before it goes on (log-in, preparing), to pass on now.
 */
export function postgresAnswers(onAnswer: (answer: Answer) => void): (bytes: Buffer) => Buffer[] {
  let rest: Buffer = Buffer.alloc(0);
  let kept: Buffer[] = [];
  let first: string | undefined;
  let columns = 0;
  let error: string | undefined;
  let completed = false;
  let bound = false;
  return (bytes) => {
    const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    let at = 0;
    while (all.length - at >= HEAD) {
      const end = at + 1 + all.readUInt32BE(at + 1);
      if (end > all.length) break;
      const kind = all[at];
      const body = all.subarray(at + HEAD, end);
      kept.push(all.subarray(at, end));
      at = end;
      if (kind === DATA_ROW) {
        columns = body.readUInt16BE(0);
        const length = columns > 0 ? body.readInt32BE(2) : -1;
        first = length >= 0 ? body.toString('utf8', 6, 6 + length) : undefined;
      } else if (kind === ERROR) error = codeOf(body);
      else if (kind === COMPLETE) completed = true;
      else if (kind === BIND_COMPLETE) bound = true;
      else if (kind === READY) {
        const committed = completed && error === undefined && body[0] === IDLE;
        onAnswer({ bytes: Buffer.concat(kept), committed, first, columns, error });
        kept = [];
        first = error = undefined;
        columns = 0;
        completed = bound = false;
      }
    }
    rest = all.subarray(at);
    return bound ? [] : kept.splice(0);
  };
}

/** Fields of an error: a byte of kind, text, zero; the end is a zero. */
function codeOf(body: Buffer): string {
  for (let at = 0; at < body.length && body[at] !== 0; ) {
    const end = body.indexOf(0, at + 1);
    if (body[at] === CODE) return body.toString('latin1', at + 1, end);
    at = end + 1;
  }
  return 'unknown';
}
