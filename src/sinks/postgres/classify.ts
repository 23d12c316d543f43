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
const CONNECTION = /^(CONNECT|ECONN|EPIPE|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET|DEADLINE)/;

/**
 * Serialization (40), lock timeout (55P03), shutdown and crash (57P01–05), resources (53: disk full, too many
 * connections), connection (08), I/O (58), a standby after failover (25006), unknown plan (26000).
 */
const RETRY = /^(40|55P03|57P0|53|08|58|25006|26000)/;

/** The statement was cancelled: by its timeout, or by somebody. */
const STATEMENT_TIMEOUT = '57014';

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
  const said = detail && failure === 'fatal' ? `${message} (${detail})` : message;
  return new StoreError(
    failure,
    code,
    `${said} [${code}]${failure === 'fatal' ? '. Fix: see the database; nothing was deleted' : ''}`,
    { cause: error },
  );
}

function failureOf({ code = '', table_name, routine = '' }: DatabaseError, events: string): StoreFailure {
  if (CONNECTION.test(code) || RETRY.test(code)) return 'retry';
  if (code === STATEMENT_TIMEOUT) return 'slow';
  // int8pl, int8_sum …: a sum left the range of bigint in a merge, which no single event did
  if (code === '22003' && routine.startsWith('int8')) return 'fatal';
  if (EVENT.test(code)) return table_name === undefined || table_name.startsWith(events) ? 'event' : 'fatal';
  return 'fatal';
}

/** Whether an insert met a day without a partition (reported as 23514 on the parent). */
export function isMissingPartition(error: unknown): boolean {
  const { code, routine } = error as DatabaseError;
  return code === '23514' && routine === 'ExecFindPartition';
}
