import { messageOf, StoreError } from '../errors.ts';
import { classify } from '../sinks/postgres/classify.ts';
import { connect, type Connection } from '../sinks/postgres/connect.ts';
import { targetOf } from '../sinks/postgres/target.ts';
import { Problem } from './problem.ts';

export interface ReadDatabaseOptions {
  /** `postgres://user:password@host:port/database`, of a primary or a replica; see `targetOf` for TLS. */
  readonly url: string;
  /** Most connections. Default 4. */
  readonly connections?: number;
  /** Limit of one statement in milliseconds. Default 5,000. */
  readonly statementMs?: number;
}

/** A database as the server has it: read only, a pool of its own, so that no dashboard takes a connection from a worker. */
export interface ReadDatabase {
  /** As `Connection.run`; what fails is a {@link Problem}. */
  read<Row extends object>(statement: string, parameters?: readonly (string | null)[]): Promise<Row[]>;
  /** Anything else that asks the connection: under the same limits. */
  ask<T>(question: (connection: Connection) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Questions that may wait for a connection: beyond that, whoever asks is told to come again. */
const MOST_WAITING = 200;
const PATIENCE_MS = 5_000;

/**
 * Connects at the first question.
 *
 * @throws ConfigError for a URL that cannot work.
 */
export function readDatabase({ url, connections = 4, statementMs = 5_000 }: ReadDatabaseOptions): ReadDatabase {
  const connection = connect(targetOf(url), { max: connections, statementMs, reading: true });
  const waiting = new Set<() => void>();
  let running = 0;

  /** A statement's deadline begins once it has a connection to itself: otherwise a queue would look like a dead server. */
  async function turn(): Promise<void> {
    if (running < connections) {
      running++;
      return;
    }
    if (waiting.size >= MOST_WAITING) throw busy('one more');
    await new Promise<void>((resolve, reject) => {
      const next = (): void => {
        clearTimeout(patience);
        resolve();
      };
      const patience = setTimeout(() => {
        waiting.delete(next);
        reject(busy(`one that waited for ${PATIENCE_MS} ms`));
      }, PATIENCE_MS);
      waiting.add(next);
    });
  }
  function leave(): void {
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
    } else running--;
  }

  async function ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    await turn();
    try {
      return await question(connection);
    } catch (error) {
      throw problemOf(error);
    } finally {
      leave();
    }
  }
  return {
    ask,
    read: (statement, parameters) => ask((own) => own.run(statement, parameters)),
    close: () => connection.end(),
  };
}

const busy = (got: string): Problem =>
  new Problem({
    status: 503,
    code: 'busy',
    title: 'too many questions at once',
    expected: `at most ${MOST_WAITING} that wait, and not for long`,
    got,
    fix: 'ask again in a second',
    headers: { 'retry-after': '1' },
  });

/** What our own functions and casts raise is about the question: a bucket that cuts windows, an unknown zone, a number out of range. */
const ABOUT_THE_QUESTION = /^(22|54000)/;

function problemOf(error: unknown): unknown {
  if (error instanceof Problem) return error;
  const {
    code = '',
    message = '',
    hint,
  } = error as { readonly code?: string; readonly message?: string; readonly hint?: string };
  if (ABOUT_THE_QUESTION.test(code)) {
    const parts = { status: 400, code: 'question', title: 'the database refuses the question' } as const;
    const expected = 'parameters that go together';
    return new Problem({ ...parts, expected, got: message, fix: hint ?? 'see the parameters' }, { cause: error });
  }
  const { failure, reason } = error instanceof StoreError ? error : classify(error, '');
  if (failure === 'slow') {
    return new Problem(
      {
        status: 503,
        code: 'slow',
        title: 'the database took too long',
        expected: 'an answer within the time limit of a statement',
        got: 'none',
        fix: 'ask for less time, fewer keys, or larger buckets',
        headers: { 'retry-after': '5' },
      },
      { cause: error },
    );
  }
  if (failure === 'retry') {
    return new Problem(
      {
        status: 503,
        code: 'database',
        title: 'the database does not answer',
        expected: 'an answer',
        got: reason,
        fix: 'ask again in a moment',
        headers: { 'retry-after': '2' },
      },
      { cause: error },
    );
  }
  if (/^(42P01|42883|42703|3F000)/.test(reason)) return unknownToDatabase(messageOf(error), { cause: error });
  return error;
}

/** The tables are not there, or are those of another version. */
export const unknownToDatabase = (got: string, options?: ErrorOptions): Problem =>
  new Problem(
    {
      status: 503,
      code: 'not-migrated',
      title: 'the database does not have these tables',
      expected: "the pipeline's tables, of this version",
      got,
      fix: 'run scalestream migrate with this pipeline file',
      headers: { 'retry-after': '5' },
    },
    options,
  );
