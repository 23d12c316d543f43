import { connect as connectSocket } from 'node:net';
import postgres from 'postgres';
import { StoreError } from '../../errors.ts';
import { isSpent } from './classify.ts';
import { deadlines } from './deadlines.ts';
import type { Target } from './target.ts';

/** What the sink may do with postgres.js: one autocommit statement, text in, rows out, never without an end. */
export interface Connection {
  /** Runs one statement of constant text. Its parameters are text; the statement casts them. */
  run<Row extends object>(statement: string, parameters?: readonly (string | null)[]): Promise<Row[]>;
  /** Runs several statements as one implicit transaction. */
  script(statements: string): Promise<void>;
  end(): Promise<void>;
}

export interface ConnectOptions {
  /** Most connections. */
  readonly max: number;
  /** Limit of a statement, milliseconds; the other deadlines follow, see {@link deadlines}. Default 5,000. */
  readonly statementMs?: number;
  /** For questions of people instead of flushes: nothing can be written, and each statement is planned for its parameters and forgotten. */
  readonly reading?: boolean;
}

/**
 * A pool inside the safe envelope of postgres.js 3.4.9: no `begin`, `reserve`, `writable` or `cursor` (they tear when a connection dies), a
 * synchronous socket factory (a rejecting one leaks its slot), a socket that gives up when it is silent (half-open connections hang otherwise),
 * no type look-up, and a deadline around every statement. After the deadline and after every error of its connections (and once the server is a standby) the whole pool is replaced: a
 * statement handed to a connection between its error and its close would otherwise never be answered.
 */
export function connect(target: Target, { max, statementMs, reading = false }: ConnectOptions): Connection {
  const { lock, statement, socket, flush } = deadlines(statementMs);
  const ending = new Set<Promise<void>>();

  const open = (): Pool => {
    const opened: Pool = {
      sql: postgres(
        driverOptions(target, {
          max,
          lockMs: lock,
          statementMs: statement,
          socketMs: socket,
          isWaiting: () => opened.running > 0 || opened.retired,
          reading,
        }),
      ),
      running: 0,
      retired: false,
    };
    return opened;
  };
  let current = open();
  let over = false;

  /** What other connections of the pool are running may end first; `now` cuts it off, to be repeated. */
  const retire = (pool: Pool, now = false): void => {
    pool.retired = true;
    if (pool === current && !over) current = open();
    if (pool.running > 0 && !now) return;
    const ended = pool.sql
      .end({ timeout: 0 })
      .catch(() => undefined)
      .finally(() => ending.delete(ended));
    ending.add(ended);
  };

  const within = async <T>(run: (sql: postgres.Sql) => PromiseLike<T>): Promise<T> => {
    if (over) throw new StoreError('fatal', 'ENDED', 'the connection was ended by its owner');
    const pool = current;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        retire(pool, true);
        reject(new StoreError('retry', 'DEADLINE', `no answer from the database within ${flush} ms`));
      }, flush);
    });
    pool.running++;
    try {
      return await Promise.race([run(pool.sql), late]);
    } catch (error) {
      if (isSpent(error)) pool.retired = true;
      throw error;
    } finally {
      clearTimeout(timer);
      pool.running--;
      if (pool.retired) retire(pool);
    }
  };

  return {
    run: <Row extends object>(text: string, parameters: readonly (string | null)[] = []) =>
      within(async (pool) => [...(await pool.unsafe<Row[]>(text, [...parameters], { prepare: !reading }))]),
    script: async (text) => {
      await within((pool) => pool.unsafe(text).simple());
    },
    end: async () => {
      over = true;
      await Promise.all([current.sql.end({ timeout: 5 }), ...ending]);
    },
  };
}

interface Pool {
  readonly sql: postgres.Sql;
  /** Statements under way. */
  running: number;
  /** It met an error of a connection, and gets no new statements. */
  retired: boolean;
}

interface DriverLimits {
  readonly max: number;
  /** These in milliseconds; 0 is none. */
  readonly lockMs: number;
  readonly statementMs: number;
  readonly socketMs: number;
  /** Whether a silent socket is a fault: idle ones may be silent. */
  readonly isWaiting: () => boolean;
  /** See {@link ConnectOptions.reading}. */
  readonly reading?: boolean;
}

/** Statements of people differ, look for little, and may be made of loops. */
const READING = {
  application_name: 'scalestream serve',
  default_transaction_read_only: true,
  enable_nestloop: 'on',
  plan_cache_mode: 'auto',
};

/** The safe envelope as options of the driver; every default that its environment variables could change is set. */
export function driverOptions(
  target: Target,
  { max, lockMs, statementMs, socketMs, isWaiting, reading = false }: DriverLimits,
): postgres.Options<Record<string, never>> {
  const { host, port, user, password, database, tls } = target;
  const options = {
    host,
    port,
    user,
    password,
    database,
    max,
    ssl: tls,
    fetch_types: false,
    prepare: true,
    idle_timeout: 60,
    max_lifetime: null,
    max_pipeline: 100,
    sslnegotiation: null,
    debug: false,
    connect_timeout: 5,
    keep_alive: 30,
    backoff: false, // the caller backs off, with jitter
    onnotice: () => undefined,
    connection: {
      application_name: 'scalestream',
      search_path: 'public',
      statement_timeout: statementMs,
      lock_timeout: lockMs,
      idle_in_transaction_session_timeout: statementMs,
      timezone: 'UTC',
      // The planner cannot see how long the arrays are and would join thousands of rows in a loop.
      enable_nestloop: 'off',
      // Planning for each batch reads every array once more to guess its length: a third of the whole cost, for the same plan.
      plan_cache_mode: 'force_generic_plan',
      // The forbidden loop around the fence looks dear enough to compile, which takes ten times as long as to run.
      jit: 'off',
      work_mem: '32MB', // a batch is sorted in memory
      default_transaction_isolation: 'read committed' as const, // a statement must see what was committed before it began
      synchronous_commit: 'on', // whatever the server's default: messages are deleted once this says committed
      ...(reading ? READING : {}),
    },
    socket: () => {
      const socket = connectSocket(port, host);
      socket.setNoDelay(true);
      // Without an error the driver would connect again at once, without end, to a server that accepts and hangs up.
      socket.once('end', () =>
        socket.destroy(Object.assign(new Error('the database hung up'), { code: 'ECONNRESET' })),
      );
      socket.setTimeout(socketMs, () => {
        if (isWaiting()) socket.destroy(Object.assign(new Error('the database fell silent'), { code: 'ETIMEDOUT' }));
      });
      return socket;
    },
  };
  return options;
}
