import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly method: string | undefined;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Resolves when the caller is gone, or has its answer. */
  readonly over: Promise<void>;
}

export type Answer = (response: ServerResponse, asked: Asked, nth: number) => unknown;

/** A service on the loopback that answers as told; ended with the test. `nth` counts the questions from 1. */
export async function lookupServer(answer: Answer) {
  const asked: Asked[] = [];
  let accepted = 0;
  const http = createServer((request, response) => {
    const { method, url: path = '', headers } = request;
    const over = new Promise<void>((resolve) => response.once('close', resolve));
    const one = { method, path, headers, over };
    answer(response, one, asked.push(one));
  }).listen(0, '127.0.0.1');
  http.on('connection', () => accepted++);
  await once(http, 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  });
  const connections = (): Promise<number> =>
    new Promise((resolve, reject) => {
      http.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  return {
    asked,
    accepted: () => accepted,
    connections,
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
  };
}

/** What a path asks for, in `?ids=`. */
export const idsOf = ({ path }: Asked): string[] =>
  (new URL(path, 'http://localhost').searchParams.get('ids') ?? '').split(',');

/** Answers with what is found by key. */
export const found =
  (known: Readonly<Record<string, unknown>>): Answer =>
  (response, asked) =>
    response.end(
      JSON.stringify(
        Object.fromEntries(idsOf(asked).flatMap((id) => (Object.hasOwn(known, id) ? [[id, known[id]]] : []))),
      ),
    );
