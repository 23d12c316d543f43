import { setTimeout as wait } from 'node:timers/promises';
import { classify } from '../../src/sinks/postgres/classify.ts';
import { type Connection, connect } from '../../src/sinks/postgres/connect.ts';
import { targetOf } from '../../src/sinks/postgres/target.ts';

/** The harness's own eyes: connections to the real server that no fault proxy is on. While the server is down, questions wait. */
export interface Observer {
  ask<Row extends object>(text: string, parameters?: readonly string[]): Promise<Row[]>;
  /** Where the server is from now on. */
  lead(url: string): void;
  close(): Promise<void>;
}

export interface ObserverOptions {
  readonly connections?: number;
  /** Limit of a statement, milliseconds. */
  readonly statementMs?: number;
}

/** The observer's own role, by which its sessions are told from the workers'. */
export const OBSERVER_ROLE = 'chaos_observer';
const AGAIN_MS = 50;

/** Makes the role, with the password of the server's URL. */
export async function makeObserverRole(serverUrl: string): Promise<void> {
  const connection = connect(targetOf(serverUrl), { max: 1 });
  const { password } = new URL(serverUrl);
  await connection.script(`create role ${OBSERVER_ROLE} superuser login password '${password}'`);
  await connection.end();
}

/** @param serverUrl the server's URL; the observer logs in with its own role. */
export function observer(serverUrl: string, { connections = 3, statementMs = 10_000 }: ObserverOptions = {}): Observer {
  const open = (at: string): Connection => {
    const url = new URL(at);
    url.username = OBSERVER_ROLE;
    return connect(targetOf(url.href), { max: connections, statementMs });
  };
  let connection = open(serverUrl);
  let closed = false;
  const ending = new Set<Promise<void>>();
  return {
    async ask<Row extends object>(text: string, parameters: readonly string[] = []) {
      for (;;) {
        try {
          return await connection.run<Row>(text, parameters);
        } catch (error) {
          if (closed || classify(error, '').failure !== 'retry') throw error;
          await wait(AGAIN_MS);
        }
      }
    },
    lead(url) {
      const old = connection.end().catch(() => undefined);
      ending.add(old);
      void old.finally(() => ending.delete(old));
      connection = open(url);
    },
    async close() {
      closed = true;
      await Promise.all([connection.end(), ...ending]);
    },
  };
}
