import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { type Listening, listen } from '../../src/server/index.ts';

let served: Listening | undefined;
afterEach(async () => {
  await served?.close(100);
  served = undefined;
});

const app = new Hono()
  .get('/', (c) => c.text('here'))
  .get('/slow', async (c) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return c.text('late');
  });

/** What the server says to bytes, until it ends the connection. */
const say = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (data: string) => (said += data));
    socket.on('error', reject);
    socket.on('close', () => resolve(said));
  });

test('it listens to this machine unless told otherwise, at the port or, where that is taken and any will do, at a free one', async () => {
  served = await listen(app, { port: 0 });
  expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
  expect(await (await fetch(served.url)).text()).toBe('here');
  await expect(listen(app, { port: served.port })).rejects.toThrow(/EADDRINUSE.*Fix: take another --port/);
  const other = await listen(app, { port: served.port, orAny: true });
  try {
    expect(other.port).not.toBe(served.port);
    expect(await (await fetch(other.url)).text()).toBe('here');
  } finally {
    await other.close(100);
  }
});

test('a stop takes no new connections, lets an answer under way end, and cuts off what takes longer than the grace', async () => {
  const own = await listen(app, { port: 0 });
  const late = fetch(`${own.url}/slow`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const closed = own.close(5_000);
  expect(await (await late).text()).toBe('late');
  await closed;
  await expect(fetch(own.url)).rejects.toThrow();
  const hasty = await listen(app, { port: 0 });
  const cut = fetch(`${hasty.url}/slow`).then(
    () => 'answered',
    () => 'cut',
  );
  await new Promise((resolve) => setTimeout(resolve, 100));
  await hasty.close(10);
  expect(await cut).toBe('cut');
});

test('a connection that is kept open does not hold up a stop', async () => {
  const own = await listen(app, { port: 0 });
  await fetch(own.url);
  const idle = connect(own.port, '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  const gone = new Promise((resolve) => idle.once('close', resolve));
  idle.on('error', () => undefined);
  await own.close(200);
  await gone;
});

test('bodies, huge headers, and what is no HTTP are refused at once', async () => {
  served = await listen(app, { port: 0 });
  const { port } = served;
  const post = (head: string): string => `POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\n`;
  expect(await say(port, `${post('Content-Length: 1000000000')}x`)).toMatch(/^HTTP\/1\.1 413 [^]*"code":"body"/);
  expect(await say(port, post('Transfer-Encoding: chunked'))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await say(port, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 /,
  );
  expect(await say(port, 'GET / HTTP/1.1\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(await say(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  expect(
    await say(port, `GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`),
  ).toMatch(/^HTTP\/1\.1 4\d\d /);
  expect(await (await fetch(served.url)).text()).toBe('here');
});

test('a body comes in where events do, and nowhere else; one that does not come is not waited for', {
  timeout: 30_000,
}, async () => {
  const taking = new Hono()
    .post('/v1/events/shop', async (c) => c.text(`${(await c.req.text()).length}`))
    .post('/v1/stream-tickets', (c) => c.text('ticket'))
    .onError((_, c) => c.text('cut off', 400));
  served = await listen(taking, { port: 0 });
  const { port, url } = served;
  const post = async (path: string, body: string): Promise<unknown> => {
    const response = await fetch(url + path, { method: 'POST', body });
    return [response.status, (await response.text()).slice(0, 10)];
  };
  expect(await post('/v1/events/shop', 'x'.repeat(100_000))).toEqual([200, '100000']);
  expect(await post('/v1/stream-tickets', '{}')).toEqual([200, 'ticket']);
  expect(await post('/v1/stream-tickets', 'x'.repeat(2_000))).toMatchObject([413, expect.any(String)]);
  expect(await post('/v1/events/shop/more', 'x')).toMatchObject([413, expect.any(String)]);
  const head = (method: string, path: string, length: string) =>
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${length}\r\n\r\n`;
  expect(await say(port, head('POST', '/v1/events/shop', 'Content-Length: 1000000000'))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await say(port, head('GET', '/v1/events/shop', 'Content-Length: 5'))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await say(port, head('POST', '/v1/stream-tickets', 'Transfer-Encoding: chunked'))).toMatch(/^HTTP\/1\.1 413 /);
  expect(await say(port, `${head('POST', '/v1/events/shop', 'Content-Length: 5')}x`)).toMatch(/^HTTP\/1\.1 408 /);
});

test('who does not finish its headers is not waited for', { timeout: 20_000 }, async () => {
  served = await listen(app, { port: 0 });
  expect(await say(served.port, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')).toMatch(/^HTTP\/1\.1 408 /);
});

test('who takes nothing of an answer is not waited for', { timeout: 20_000 }, async () => {
  const left = Promise.withResolvers<void>();
  const large = {
    fetch(_: Request, env?: { outgoing?: ServerResponse }) {
      env?.outgoing?.once('close', left.resolve);
      return new Response('x'.repeat(32 * 2 ** 20));
    },
  };
  served = await listen(large, { port: 0, idleMs: 100 });
  const deaf = connect(served.port, '127.0.0.1');
  deaf.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await left.promise;
  deaf.destroy();
});
