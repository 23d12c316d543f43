import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A fixed address on 127.0.0.1 for a server that may go and come back elsewhere. */
export interface Relay {
  readonly port: number;
  /** Where connections lead from now on; `undefined` ends those there are and refuses new ones. */
  lead(port: number | undefined): void;
  /** Resolves when somebody has tried in vain `times` times since the last `lead(undefined)`. */
  refused(times: number): Promise<void>;
}

/** Starts a relay to `port`. It is closed with the test. */
export async function relay(port: number): Promise<Relay> {
  let target: number | undefined = port;
  let refusals = 0;
  const sockets = new Set<Socket>();
  const watchers = new Set<() => void>();
  const server = createServer((client) => {
    if (target === undefined) {
      client.destroy();
      refusals += 1;
      for (const watcher of watchers) watcher();
      return;
    }
    const upstream = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    port: (server.address() as AddressInfo).port,
    lead(port) {
      target = port;
      if (port !== undefined) return;
      refusals = 0;
      for (const socket of sockets) socket.destroy();
    },
    refused: (times) =>
      new Promise((resolve) => {
        const look = (): void => void (refusals >= times && resolve());
        watchers.add(look);
        look();
      }),
  };
}
