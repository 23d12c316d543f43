import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What goes wrong, once, on the first connection that carries so many bytes. */
export interface Fault {
  /** `to-client` are answers: they come after the server did the work. */
  readonly direction: 'to-server' | 'to-client';
  /** Bytes of that direction that still pass, counted per connection from now on. */
  readonly after: number;
  /**
   * - `cut`: both ends are reset.
   * - `swallow`: the rest of this direction disappears; the other one goes on, and the connection stays open.
   * - `stall`: nothing passes any more, either way, and nobody is told: half-open.
   */
  readonly kind: 'cut' | 'swallow' | 'stall';
  /** Only in the answer to so many bytes or more: a flush is large, a worker's report is not. Default 0. */
  readonly asked?: number;
}

/**
 * What becomes of new connections: they pass; are refused by the system; are accepted and ended at once; are accepted and never answered.
 */
export type Door = 'open' | 'refuse' | 'hang-up' | 'ignore';

/** A TCP proxy on 127.0.0.1 in front of a Postgres. */
export interface PostgresProxy {
  /** The database, by way of the proxy. */
  readonly url: string;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Bytes that passed so far. */
  readonly passed: Readonly<Record<Fault['direction'], number>>;
  /** Arranges a fault; resolves when it struck. Faults strike one after the other, each on a connection of its own. */
  strike(fault: Fault): Promise<void>;
  door(door: Door): Promise<void>;
  /** From now on bytes arrive so many milliseconds late, either way, in order. */
  delay(ms: number): void;
  /** Resets every connection there is. */
  cutAll(): void;
  close(): Promise<void>;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly passed: Record<Fault['direction'], number>;
  /** Bytes to the server since its last answer. */
  asked: number;
  /** Directions that carry nothing any more. */
  readonly dead: Set<Fault['direction']>;
}

interface Armed extends Fault {
  readonly resolve: () => void;
  readonly base: WeakMap<Link, number>;
}

/** Starts a proxy in front of the database at `databaseUrl`. */
export async function postgresProxy(databaseUrl: string): Promise<PostgresProxy> {
  const upstream = new URL(databaseUrl);
  const links = new Set<Link>();
  const ignored = new Set<Socket>();
  const armed: Armed[] = [];
  const passed = { 'to-server': 0, 'to-client': 0 };
  let door: Door = 'open';
  let accepted = 0;
  let lateMs = 0;
  let port = 0;
  let server: Server | undefined;

  function accept(client: Socket): void {
    accepted++;
    client.on('error', () => client.destroy());
    if (door === 'hang-up') return void client.resume().end();
    if (door === 'ignore') {
      ignored.add(client.once('close', () => ignored.delete(client)));
      return void client.resume();
    }
    const link: Link = {
      client,
      server: connect(Number(upstream.port), upstream.hostname),
      passed: { 'to-server': 0, 'to-client': 0 },
      asked: 0,
      dead: new Set(),
    };
    links.add(link);
    link.server.on('error', () => client.destroy());
    client.on('data', (bytes: Buffer) => late(() => carry(link, 'to-server', bytes)));
    link.server.on('data', (bytes: Buffer) => late(() => carry(link, 'to-client', bytes)));
    client.on('close', () => link.server.destroy());
    link.server.on('close', () => (link.dead.size > 0 ? undefined : client.end()));
    client.once('close', () => links.delete(link));
  }

  function late(pass: () => void): void {
    if (lateMs === 0) pass();
    else setTimeout(pass, lateMs);
  }

  function carry(link: Link, direction: Fault['direction'], bytes: Buffer): void {
    if (link.dead.has(direction)) return;
    const to = direction === 'to-server' ? link.server : link.client;
    const { asked } = link;
    link.asked = direction === 'to-server' ? asked + bytes.length : 0;
    const fits = (one: Armed): boolean => one.direction === direction && (one.asked ?? 0) <= asked;
    const fault = link.dead.size > 0 ? undefined : armed.find(fits);
    const left = fault ? fault.after - (link.passed[direction] - baseOf(fault, link)) : Number.POSITIVE_INFINITY;
    const through = bytes.subarray(0, Math.max(0, left));
    link.passed[direction] += through.length;
    passed[direction] += through.length;
    if (!fault || bytes.length <= left) return void to.write(through);
    armed.splice(armed.indexOf(fault), 1);
    if (fault.kind === 'cut') {
      // What passes shall arrive before the reset.
      to.write(through, () => reset(link));
      link.dead.add('to-client').add('to-server');
    } else {
      to.write(through);
      link.dead.add(direction);
      if (fault.kind === 'stall') link.dead.add('to-client').add('to-server');
    }
    fault.resolve();
  }

  function baseOf(fault: Armed, link: Link): number {
    // a connection made after the fault was arranged begins at zero
    return fault.base.get(link) ?? 0;
  }

  async function listen(): Promise<void> {
    server = createServer(accept).listen(port, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  }

  async function unlisten(): Promise<void> {
    const closing = server;
    server = undefined;
    // 'close' comes when the connections are gone; the port is free before that
    closing?.close();
  }

  const cutAll = (): void => {
    for (const link of links) reset(link);
    for (const socket of ignored) socket.destroy();
  };

  await listen();
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    passed,
    get accepted() {
      return accepted;
    },
    strike: (fault) =>
      new Promise((resolve) => {
        const base = new WeakMap([...links].map((link) => [link, link.passed[fault.direction]]));
        armed.push({ ...fault, resolve, base });
      }),
    async door(next) {
      door = next;
      if (next === 'refuse') await unlisten();
      else if (!server) await listen();
    },
    delay: (ms) => void (lateMs = ms),
    cutAll,
    async close() {
      const closed = server && once(server, 'close');
      await unlisten();
      cutAll();
      await closed;
    },
  };
}

function reset(link: Link): void {
  link.client.resetAndDestroy();
  link.server.destroy();
}
