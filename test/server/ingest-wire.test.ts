import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { listen } from '../../src/server/index.ts';
import { intake, type IntakeOptions, view } from './intake.ts';

/** The way in, behind a real server. */
async function listening(options?: IntakeOptions) {
  const made = await intake(options);
  const server = await listen(made.app, { port: 0 });
  onTestFinished(() => server.close(0));
  const socket = async (): Promise<Socket> => {
    const opened = connect(server.port, '127.0.0.1');
    opened.on('error', () => undefined);
    await once(opened, 'connect');
    onTestFinished(() => void opened.destroy());
    return opened;
  };
  return { ...made, server, socket };
}

const head = (...headers: readonly string[]): string =>
  ['POST /v1/events/storefront HTTP/1.1', 'host: localhost', 'content-type: application/json', ...headers, '', ''].join(
    '\r\n',
  );

test('whoever goes away in the middle of a body leaves nothing behind: nothing sent, nothing held, no line', async () => {
  const { socket, ingest, queue, lines } = await listening();
  for (const headers of [['content-length: 1000'], ['transfer-encoding: chunked']]) {
    const opened = await socket();
    const told = headers[0]?.includes('chunked') ? 'a\r\n[{"id":"x"\r\n' : '[{"id":"x"';
    opened.write(head(...headers) + told);
    while (ingest.room.held === 0) await new Promise((resolve) => setImmediate(resolve));
    opened.destroy();
    await once(opened, 'close');
  }
  await ingest.room.empty();
  expect(await queue.counts()).toMatchObject({ visible: 0 });
  expect(lines).toEqual([]);
});

test('a body comes in pieces of which nobody told the length', async () => {
  const { server, bodies } = await listening();
  const event = view({ user: 'Zoë' });
  const sent = request(`${server.url}/v1/events/storefront`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  });
  for (const byte of Buffer.from(JSON.stringify(event))) sent.write(Buffer.from([byte]));
  sent.end();
  const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
  expect([response.statusCode, JSON.parse(await text(response))]).toMatchObject([202, { accepted: 1 }]);
  expect((await bodies()).map((body) => JSON.parse(body) as unknown)).toEqual([[event]]);
});

test('too much is refused without being read, told or not, and the next one is answered', async () => {
  const { server, post: _, socket } = await listening({ maxBytes: 1_000 });
  const opened = await socket();
  let said = '';
  opened.setEncoding('utf8').on('data', (data: string) => (said += data));
  opened.write(head('content-length: 1000000000') + 'x'.repeat(100));
  while (!said.includes('\r\n\r\n')) await once(opened, 'data');
  expect(said).toMatch(/^HTTP\/1\.1 413 /);
  const chunked = await fetch(`${server.url}/v1/events/storefront`, {
    method: 'POST',
    body: new Blob(['x'.repeat(100_000)]).stream(),
    duplex: 'half',
    headers: { 'content-type': 'application/json' },
  }).then(
    ({ status }) => status,
    () => 'cut off',
  );
  expect([413, 'cut off']).toContain(chunked);
  const next = await fetch(`${server.url}/v1/events/storefront`, {
    method: 'POST',
    body: JSON.stringify(view()),
    headers: { 'content-type': 'application/json' },
  });
  expect(next.status).toBe(202);
});

test('a server that ends answers what is on its way, once the queue has it', async () => {
  const { server, proxy, ingest, queue } = await listening();
  const { promise: until, resolve: release } = Promise.withResolvers<void>();
  proxy.fault('SendMessageBatch', () => true, { kind: 'hold', until });
  const answer = fetch(`${server.url}/v1/events/storefront`, {
    method: 'POST',
    body: JSON.stringify(view()),
    headers: { 'content-type': 'application/json' },
  });
  await proxy.arrived('SendMessageBatch', 1);
  const closed = Promise.all([server.close(60_000), ingest.close(60_000)]);
  release();
  expect((await answer).status).toBe(202);
  await closed;
  expect(await queue.counts()).toMatchObject({ visible: 1 });
});
