/** Milliseconds, in the order in which they must fall: lock < statement < socket < flush < visibility timeout. */
export interface Deadlines {
  /** A statement waits so long for a row or table. */
  readonly lock: number;
  /** The server cancels a statement. */
  readonly statement: number;
  /** A socket that should answer is silent. */
  readonly socket: number;
  /** The caller gives up; what became of the statement is then unknown. */
  readonly flush: number;
}

/** Limit of a statement where the visibility timeout leaves room for it. */
const STATEMENT_MS = 5_000;

/** The deadlines around a statement of at most `statement` milliseconds. Default: 3 s < 5 s < 8 s < 10 s. */
export const deadlines = (statement: number = STATEMENT_MS): Deadlines => ({
  lock: statement * 0.6,
  statement,
  socket: statement * 1.6,
  flush: statement * 2,
});

/**
 * The limit of a statement, in milliseconds, whose flush ends before a message received at its start could come back.
 *
 * @example
 * statementWithin(60_000); // 5000
 * statementWithin(3_000); // 1200: the flush gives up after 2.4 s
 */
export const statementWithin = (visibilityMs: number): number => Math.min(STATEMENT_MS, Math.floor(visibilityMs * 0.4));
