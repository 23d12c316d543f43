import { StoreError, type StoreFailure } from '../../errors.ts';

/** What Postgres or its driver says of a failure; see https://www.postgresql.org/docs/current/errcodes-appendix.html. */
interface DatabaseError {
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly table_name?: string;
  readonly routine?: string;
}

/** Connection lost, refused or timed out: whether the statement was committed is unknown. */
const CONNECTION =
  /^(CONNECT|ECONN|EPIPE|EPROTO|EMFILE|ENFILE|EADDRNOTAVAIL|ENETRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ERR_SOCKET|ERR_STREAM|ERR_SSL|DEADLINE)/;

/**
 * Serialization (40), lock timeout (55P03), shutdown and crash (57P01–05), resources (53: disk full, too many
 * connections), connection (08), I/O (58), a standby after failover (25006), a transaction's time (25P04), unknown plan (26000).
 */
const RETRY = /^(40|55P03|57P0|53|08|58|25006|25P04|26000)/;

/** The statement was cancelled, by its timeout or by somebody; or it locks more than fits the server's memory (as partitions of too many days). */
const TOO_MUCH = new Set(['57014', '53200']);

/** Data (22), integrity (23), limits (54: nesting, index row size): an event may be the cause. */
const EVENT = /^(22|23|54)/;

/**
 * Turns what a statement threw into the decision it calls for.
 *
 * @param events name of the event table: only errors of its own rows are put down to an event.
 */
export function classify(error: unknown, events: string): StoreError {
  if (error instanceof StoreError) return error;
  const { code = 'UNKNOWN', message = String(error), detail } = error as DatabaseError;
  const failure = failureOf(error as DatabaseError, events);
  // the detail of class 23 is the row: data do not belong in logs
  const said = detail && failure === 'fatal' && !code.startsWith('23') ? `${message} (${detail})` : message;
  const fix = isTotal(error as DatabaseError)
    ? 'a total is beyond 64 bits: declare the part numeric'
    : 'see the database';
  return new StoreError(
    failure,
    code,
    `${said} [${code}]${failure === 'fatal' ? `. Fix: ${fix}; nothing was deleted` : ''}`,
    { cause: error },
  );
}

/** Whether a sum left the range of bigint in a merge (int8pl, int8_sum …), which no single event did. */
const isTotal = ({ code, routine = '' }: DatabaseError): boolean => code === '22003' && routine.startsWith('int8');

function failureOf({ code = '', table_name, routine = '' }: DatabaseError, events: string): StoreFailure {
  if (TOO_MUCH.has(code)) return 'slow';
  if (CONNECTION.test(code) || RETRY.test(code)) return 'retry';
  if (isTotal({ code, routine })) return 'fatal';
  // limits are of what an event brought, be it the key of a window
  if (code.startsWith('54') || (EVENT.test(code) && isOf(events, table_name))) return 'event';
  return 'fatal';
}

/** Whether the table an error names is the event table or a partition of it; errors in values name none. */
function isOf(events: string, table: string | undefined): boolean {
  if (table === undefined || table === events) return true;
  return table.startsWith(`${events}_`) && /^\d{8}$/.test(table.slice(events.length + 1));
}

/** The server goes away (57P0), speaks no sense (08), or became a standby that stays one for as long as it is connected (25006). */
const SPENT = /^(57P0|08|25006)/;

/** Whether the connection is of no more use: it failed, or leads to a server that will not serve. */
export function isSpent(error: unknown): boolean {
  const code = String((error as DatabaseError).code);
  return CONNECTION.test(code) || SPENT.test(code);
}

/** Whether an insert met a day without a partition (23514 on the parent), or lost one while it ran (XX000). */
export function isMissingPartition(error: unknown): boolean {
  const { code, routine } = error as DatabaseError;
  return (code === '23514' && routine === 'ExecFindPartition') || (code === 'XX000' && routine === 'relation_open');
}
