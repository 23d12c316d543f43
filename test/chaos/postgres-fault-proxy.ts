import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type DelayedWriter, delayedWriter } from './delayed-writer.ts';
import type { FlushFault } from './flush-faults.ts';
import { type Answer, postgresAnswers } from './postgres-answers.ts';

/** What became of a flush, as the server told the proxy. */
export interface FlushSeen {
  readonly committed: boolean;
  /** Events it counted. */
  readonly fresh: number;
  /** The worker did not hear of it. */
  readonly lost: boolean;
  /** SQLSTATE. */
  readonly error: string | undefined;
}

/** What becomes of new connections: they pass, are reset, are ended at once, or never answered. */
export type Door = 'open' | 'reset' | 'hang-up' | 'ignore';

/** The way of one worker to Postgres. It reads the protocol, so that it knows what was committed when it destroys an answer. */
export interface PostgresFaultProxy {
  readonly port: number;
  /** Where the server is from now on. */
  lead(port: number): void;
  /** Half-open: connections there are carry nothing any more, and nobody is told. */
  stall(): void;
  delay(ms: number): void;
  door(door: Door): void;
  cutAll(): void;
  /** Ends all faults. */
  heal(): void;
  close(): Promise<void>;
}

/** A flush is told from other statements by its size; a hundred events are more, anything else the engine asks is less. */
const FLUSH_BYTES = 8_192;
/** And by the columns of its answer. */
const FLUSH_COLUMNS = 8;

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly toClient: DelayedWriter;
  readonly toServer: DelayedWriter;
  /** Bytes of the request under way. */
  asked: number;
  /** Of the flush under way; drawn once its request turns out to be one. */
  fault: FlushFault | undefined;
  dead: boolean;
}

export interface PostgresFaultProxyOptions {
  /** What goes wrong with the next flush. */
  readonly fault: () => FlushFault | undefined;
  /** Told of every flush that the server answered. */
  readonly onFlush: (seen: FlushSeen) => void;
  /** Told of every fault that met something. */
  readonly onStrike: (name: string) => void;
}

export async function postgresFaultProxy(options: PostgresFaultProxyOptions): Promise<PostgresFaultProxy> {
  const { fault, onFlush, onStrike } = options;
  const links = new Set<Link>();
  const ignored = new Set<Socket>();
  let port = 0;
  let door: Door = 'open';
  let delayMs = 0;

  function accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (door !== 'open') onStrike(`door ${door}`);
    if (door === 'reset') return void client.resetAndDestroy();
    if (door === 'hang-up') return void client.resume().end();
    if (door === 'ignore') {
      ignored.add(client.once('close', () => ignored.delete(client)));
      return void client.resume();
    }
    client.setNoDelay(true);
    const server = connect(port, '127.0.0.1').setNoDelay(true);
    const [toClient, toServer] = [delayedWriter(client), delayedWriter(server)];
    const link: Link = { client, server, toClient, toServer, asked: 0, fault: undefined, dead: false };
    links.add(link);
    server.on('error', () => client.destroy());
    const read = postgresAnswers((answer) => answered(link, answer));
    server.on('data', (bytes: Buffer) => {
      const early = read(bytes); // after the answers that end in these bytes
      if (!link.dead) for (const message of early) toClient.write(message, delayMs);
    });
    client.on('data', (bytes: Buffer) => ask(link, bytes));
    client.on('close', () => server.destroy());
    server.on('close', () => (link.dead ? undefined : client.end()));
    client.once('close', () => links.delete(link));
  }

  function ask(link: Link, bytes: Buffer): void {
    if (link.dead) return;
    const before = link.asked;
    link.asked += bytes.length;
    if (before <= FLUSH_BYTES && link.asked > FLUSH_BYTES) link.fault = fault();
    const cut = link.fault?.kind === 'request cut' ? FLUSH_BYTES + link.fault.bytes : Number.POSITIVE_INFINITY;
    if (link.asked > cut) {
      onStrike('request cut');
      link.dead = true;
      const through = bytes.subarray(0, Math.max(0, cut - before));
      // What passes shall arrive before the reset.
      link.server.write(through, () => reset(link));
      return;
    }
    link.toServer.write(bytes, delayMs);
  }

  function answered(link: Link, answer: Answer): void {
    const isFlush = link.asked > FLUSH_BYTES && (answer.columns === FLUSH_COLUMNS || answer.error !== undefined);
    const loss =
      isFlush && answer.committed && !link.dead && link.fault?.kind !== 'request cut' ? link.fault : undefined;
    link.asked = 0;
    link.fault = undefined;
    if (isFlush) {
      const { committed, error } = answer;
      onFlush({ committed, fresh: committed ? Number(answer.first) : 0, lost: loss !== undefined || link.dead, error });
    }
    if (link.dead) return;
    if (!loss) return link.toClient.write(answer.bytes, delayMs);
    onStrike(loss.kind);
    link.dead = true;
    if (loss.kind === 'answer never comes') return;
    if (loss.kind === 'answer cut') return reset(link);
    link.client.write(answer.bytes.subarray(0, Math.min(loss.bytes, answer.bytes.length - 1)), () => reset(link));
  }

  const cutAll = (): void => {
    for (const link of links) reset(link);
    for (const socket of ignored) socket.destroy();
  };
  const listener = createServer(accept).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    lead: (next) => void (port = next),
    stall() {
      for (const link of links) link.dead = true;
    },
    delay: (ms) => void (delayMs = ms),
    door: (next) => void (door = next),
    cutAll,
    heal() {
      delayMs = 0;
      door = 'open';
      for (const link of links) if (link.dead) reset(link);
    },
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      cutAll();
      await closed;
    },
  };
}

function reset(link: Link): void {
  link.client.resetAndDestroy();
  link.server.destroy();
}
