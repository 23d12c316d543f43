import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type FinalWindow, toWebhook, type ToWebhookOptions, whenFinal } from '../../src/index.ts';
import { deliverOnce } from '../../src/runtime/deliver.ts';
import { trade } from '../support/orders.ts';
import { inWindow, stageOf } from './stage.ts';

interface Call {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A server that answers as told; `answer` is given the number of the call, from 1. */
async function server(answer: (response: ServerResponse, nth: number) => unknown) {
  const calls: Call[] = [];
  const http = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      const nth = calls.push({ method, path, headers, body });
      answer(response, nth);
    });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(async () => {
    http.closeAllConnections();
    http.close();
    await once(http, 'close');
  });
  return { calls, url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hook/SECRET?key=SECRET` };
}

const ok = (response: ServerResponse) => response.writeHead(204).end();

const opened = async (options: ToWebhookOptions) => {
  const sink = await toWebhook(options).open({});
  onTestFinished(() => sink.close());
  return sink;
};
const parcel = (n = 0) => ({ delivery: `d${n}`, line: 'l', body: `{"n":${n}}` });

test('a final window is a POST with the window as JSON, the given headers, and its delivery in two', async () => {
  const { calls, url } = await server(ok);
  const sink = toWebhook({ url, headers: { Authorization: 'Bearer SECRET' } });
  const stage = await stageOf(whenFinal(trade, sink, { name: 'hook' }));
  await stage.deliver(inWindow(0, 'a', { product: 'Zoë' }));
  await stage.pass();
  await stage.store.time.tick();
  expect(await deliverOnce(stage.pipeline, stage.store.time.outbox)).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  const [call] = calls;
  const window = JSON.parse(call?.body ?? '') as FinalWindow;
  expect(window).toMatchObject({ key: { product: 'Zoë' }, revision: 1 });
  expect(call).toMatchObject({
    method: 'POST',
    path: '/hook/SECRET?key=SECRET',
    headers: {
      authorization: 'Bearer SECRET',
      'content-type': 'application/json',
      'idempotency-key': window.delivery,
      'x-scalestream-delivery': window.delivery,
    },
  });
});

test('the content type may be another', async () => {
  const { calls, url } = await server(ok);
  const sink = await opened({ url, headers: { 'Content-Type': 'text/plain' } });
  expect(await sink.send([parcel()])).toEqual(new Map());
  expect(calls[0]?.headers['content-type']).toBe('text/plain');
});

test('a URL that is passed where options belong is not told', () => {
  const declare = () => toWebhook('https://example.com/SECRET' as never);
  expect(declare).toThrow(/^toWebhook: expected its options; got "string"/);
  expect(declare).not.toThrow(/SECRET/);
});

test('500 is no success: the same delivery comes again, until it is taken', async () => {
  const { calls, url } = await server((response, nth) =>
    nth < 3 ? response.writeHead(500).end('SECRET') : ok(response),
  );
  const stage = await stageOf(whenFinal(trade, toWebhook({ url, headers: { 'x-token': 'SECRET' } }), { name: 'hook' }));
  await stage.deliver(inWindow(0, 'a'));
  await stage.pass();
  await stage.store.time.tick();
  const run = () => deliverOnce(stage.pipeline, stage.store.time.outbox);
  for (const attempts of [1, 2]) {
    expect(await run()).toEqual({ delivered: 0, skipped: 0, failed: 1 });
    const rows = await stage.rows('select attempts, error, o::text as row from scalestream.outbox o');
    expect(rows).toMatchObject([{ attempts, error: 'HTTP 500' }]);
    expect(rows[0]?.['row']).not.toContain('SECRET');
    await stage.place.query('update scalestream.outbox set next_at = now()');
  }
  expect(await run()).toEqual({ delivered: 1, skipped: 0, failed: 0 });
  expect(new Set(calls.map(({ headers, body }) => [headers['idempotency-key'], body].join(' '))).size).toBe(1);
  expect(calls).toHaveLength(3);
  expect(await stage.rows('select * from scalestream.outbox')).toEqual([]);
});

test('each of many says for itself whether it arrived; a redirect is not followed, a broken connection not forgiven', async () => {
  const { calls, url } = await server((response, nth) => {
    const { body } = calls[nth - 1] as Call;
    if (body.includes('1')) return response.writeHead(302, { location: '/elsewhere' }).end();
    if (body.includes('2')) return response.socket?.destroy();
    if (body.includes('3')) return response.writeHead(429).end();
    return ok(response);
  });
  const sink = await opened({ url });
  expect(await sink.send([0, 1, 2, 3, 4].map(parcel))).toEqual(
    new Map([
      ['d1', 'HTTP 302'],
      ['d2', 'ECONNRESET'],
      ['d3', 'HTTP 429'],
    ]),
  );
  expect(calls).toHaveLength(5);
});

test('no answer within the timeout is none, and an answer that never ends is one', async () => {
  const held: ServerResponse[] = [];
  const { url } = await server((response, nth) => {
    held.push(response);
    if (nth === 2) response.writeHead(200).write('for ever');
  });
  const sink = await opened({ url, timeout: '50ms', concurrency: 1 });
  expect(await sink.send([parcel()])).toEqual(new Map([['d0', 'no answer within 50ms']]));
  expect(await sink.send([parcel(1)])).toEqual(new Map());
});

test('nobody at home is a word, without the address', async () => {
  const { url } = await server(ok);
  const gone = new URL(url);
  gone.port = '1';
  const sink = await opened({ url: gone.href });
  expect(await sink.send([parcel()])).toEqual(new Map([['d0', 'ECONNREFUSED']]));
});

test.each<[Partial<ToWebhookOptions>, RegExp]>([
  [{ url: undefined }, /^toWebhook url: expected a URL; got none\. Fix: url: 'https:/],
  [{ url: 'hook SECRET' }, /^toWebhook url: expected a URL; got text that is none/],
  [
    { url: 'http://example.com/SECRET' },
    /^toWebhook url: expected https:.* on this machine; got http:\/\/…\. Fix: windows leave over TLS only/,
  ],
  [{ url: 'ftp://127.0.0.1/SECRET' }, /got ftp:\/\/…/],
  [{ url: 'https://user:SECRET@example.com' }, /^toWebhook url: expected a URL without user and password/],
  [
    { headers: { 'x-token': undefined } },
    /^toWebhook headers: .* got 'x-token'\. Fix: is its environment variable set/,
  ],
  [{ headers: { 'x-token': 'SECRET\n' } }, /^toWebhook headers: .* got 'x-token'/],
  [{ headers: { 'two words': 'SECRET' } }, /^toWebhook headers: .* got 'two words'/],
  ...['idempotency-key', 'Idempotency-Key', 'X-ScaleStream-Delivery', 'content-length'].map(
    (name): [Partial<ToWebhookOptions>, RegExp] => [
      { headers: { [name]: 'SECRET' } },
      new RegExp(`^toWebhook headers: expected headers of your own; got '${name}'\\. Fix: leave it out`),
    ],
  ),
  [{ headers: 'SECRET' as never }, /^toWebhook headers: expected values by name; got "string"/],
  [{ timeout: '21s' }, /^toWebhook timeout: expected at most 20s; got "21s"/],
  [{ timeout: '0s' }, /^toWebhook timeout: expected a number above zero/],
  [{ concurrency: 0 }, /^toWebhook concurrency: expected a whole number, 1 to 100; got 0/],
])('%j is refused where it is declared, and no secret told', (given, message) => {
  const declare = () => toWebhook({ url: 'https://example.com', ...given });
  expect(declare).toThrow(message);
  expect(declare).not.toThrow(/SECRET/);
});

test.each(['https://example.com/hook', 'http://localhost:8080', 'http://127.0.0.1', 'http://[::1]:1/'])(
  '%s is fine',
  (url) => {
    expect(toWebhook({ url })).toMatchObject({ kind: 'sink', ordered: false });
  },
);
