import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, fromHttp, type FromHttpOptions, LookupError, type OpenLookup } from '../../src/index.ts';
import { type Answer, found, idsOf, lookupServer } from '../support/lookup-server.ts';

const forever = (): AbortSignal => new AbortController().signal;

/** A look-up at work on a server that answers so; ended with the test. */
async function at(answer: Answer, options: Partial<FromHttpOptions<unknown>> = {}) {
  const server = await lookupServer(answer);
  const url = `${server.origin}/SECRET?ids={keys}`;
  const open: OpenLookup<unknown> = fromHttp({ url, ...options }).open();
  onTestFinished(() => open.close?.());
  return { ...server, open, find: (...keys: string[]) => open.find(keys, forever()) };
}

const failure = async (asked: Promise<unknown>): Promise<LookupError> => {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(LookupError);
  return error as LookupError;
};

test('the keys of a batch are one GET, encoded, with the given headers; what is not there or null is left out', async () => {
  const { asked, find } = await at(found({ tea: { shelf: 1 }, 'a,b/ü&': { shelf: 2 }, gone: null }), {
    headers: { Authorization: 'Bearer SECRET' },
  });
  expect(await find('tea', 'pen', 'gone')).toEqual(new Map([['tea', { shelf: 1 }]]));
  await find('a,b/ü&');
  expect(asked.map(({ method, path }) => [method, path])).toEqual([
    ['GET', '/SECRET?ids=tea,pen,gone'],
    ['GET', '/SECRET?ids=a%2Cb%2F%C3%BC%26'],
  ]);
  expect(asked[0]?.headers).toMatchObject({ authorization: 'Bearer SECRET', accept: 'application/json' });
});

test('a function may make the URL, and another the answer', async () => {
  const answer: Answer = (response) => response.end('{"items":[{"id":"tea","shelf":"left"}]}');
  const server = await lookupServer(answer);
  const open = fromHttp<string>({
    url: (keys) => `${server.origin}/of/${keys.join('+')}`,
    parse: (body) =>
      Object.fromEntries(
        (body as { items: { id: string; shelf: string }[] }).items.map((each) => [each.id, each.shelf]),
      ),
  }).open();
  onTestFinished(() => open.close?.());
  expect(await open.find(['tea', 'mug'], forever())).toEqual(new Map([['tea', 'left']]));
  expect(server.asked[0]?.path).toBe('/of/tea+mug');
});

test('keys whose URL would be too long are several GETs, and one that is too long alone is not there', async () => {
  const known = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`campaign number ${i}`, i]));
  const { asked, find } = await at(found(known));
  const answer = await find(...Object.keys(known), 'x'.repeat(9_000));
  expect(Object.fromEntries(answer)).toEqual(known);
  expect(asked.length).toBeGreaterThan(1);
  expect(Math.max(...asked.map(({ path }) => path.length))).toBeLessThan(8_000);
  expect(asked.flatMap(idsOf).toSorted()).toEqual(Object.keys(known).toSorted());
});

test.each([408, 429, 500, 502, 503, 504])('HTTP %i is worth another try', async (status) => {
  const { find } = await at((response) => response.writeHead(status).end('SECRET'));
  expect(await failure(find('tea'))).toMatchObject({
    failure: 'retry',
    reason: String(status),
    message: `look-up 'http': HTTP ${status}`,
  });
});

test.each([204, 206, 301, 400, 401, 403, 404, 414])('HTTP %i stays so: it stops the worker', async (status) => {
  const { find, asked } = await at((response) => response.writeHead(status, { location: '/elsewhere' }).end());
  const { failure: said, message } = await failure(find('tea'));
  expect([said, message]).toEqual(['fatal', expect.stringContaining(`HTTP ${status}. Fix: `)]);
  expect(message).not.toContain('SECRET');
  expect(asked.length).toBe(1);
});

test.each<[string, Answer, string]>([
  ['is no JSON', (response) => response.end('<html>'), 'not-json'],
  [
    'is cut off',
    (response) => response.writeHead(200, { 'content-length': 9 }).end('{"a"', () => response.destroy()),
    'ECONNRESET',
  ],
  ['never begins', (response) => response.destroy(), 'ECONNRESET'],
])('an answer that %s is worth another try', async (_, answer, reason) => {
  const { find } = await at(answer);
  expect(await failure(find('tea'))).toMatchObject({ failure: 'retry', reason });
});

test('nobody there is worth another try, and no text of the network is kept', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const open = fromHttp({ url: `http://127.0.0.1:${port}/?ids={keys}` }).open();
  expect(await failure(open.find(['tea'], forever()))).toMatchObject({
    failure: 'retry',
    message: "look-up 'http': ECONNREFUSED",
  });
  await open.close?.();
});

test.each<[string, Answer, Partial<FromHttpOptions<unknown>>, string]>([
  [
    'longer than allowed',
    (response) => response.end(`{"tea":"${'x'.repeat(200)}"}`),
    { maxBytes: 100 },
    'more than 100 bytes',
  ],
  ['no object', (response) => response.end('[1]'), {}, 'expected a JSON object'],
  [
    'refused by parse',
    (response) => response.end('{}'),
    {
      parse: () => {
        throw new Error('no campaigns');
      },
    },
    'parse threw: no campaigns',
  ],
])('an answer that is %s stops the worker', async (_, answer, options, said) => {
  const { find } = await at(answer, options);
  expect(await failure(find('tea'))).toMatchObject({ failure: 'fatal', message: expect.stringContaining(said) });
});

test('a URL of the author that throws, or leaves this machine in the clear, stops the worker', async () => {
  const throwing = fromHttp({
    url: () => {
      throw new Error('no idea');
    },
  }).open();
  expect(await failure(throwing.find(['tea'], forever()))).toMatchObject({ failure: 'fatal', reason: 'url' });
  const clear = fromHttp({ url: () => 'http://crm.example/' }).open();
  await expect(clear.find(['tea'], forever())).rejects.toThrow(ConfigError);
});

test('sockets are kept between questions; an abort ends the question, and closing leaves no socket', async () => {
  const { asked, connections, open, find } = await at((response, _, nth) =>
    nth === 3 ? undefined : response.end('{}'),
  );
  await find('tea');
  await find('mug');
  expect(await connections()).toBe(1);
  const controller = new AbortController();
  const cut = failure(open.find(['pen'], controller.signal));
  while (asked.length < 3) await new Promise(setImmediate);
  controller.abort();
  await Promise.all([cut, asked[2]?.over]);
  await find('tea');
  await open.close?.();
  while ((await connections()) > 0) await new Promise(setImmediate);
});

test.each<[string, Partial<FromHttpOptions<unknown>>, string]>([
  ['without a place for the keys', { url: 'https://crm.example/SECRET' }, 'a place for the keys'],
  ['with a misspelt option', { url: 'https://crm.example/{keys}', header: {} } as never, "did you mean 'headers'?"],
  ['with a size that is none', { url: 'https://crm.example/{keys}', maxBytes: 0 }, 'fromHttp maxBytes'],
])('a declaration %s is refused where it stands', (_, options, said) => {
  expect(() => fromHttp(options as FromHttpOptions<unknown>)).toThrow(said);
});

test.each<[string, Partial<FromHttpOptions<unknown>>, string]>([
  ['no URL', { url: undefined }, 'is its environment variable set?'],
  ['what is no URL', { url: 'SECRET {keys}' }, 'expected a URL'],
  ['a password in it', { url: 'https://me:SECRET@crm.example/{keys}' }, 'without user and password'],
  ['no TLS', { url: 'http://crm.example/SECRET/{keys}' }, 'keys leave over TLS only'],
  ['a header that is not set', { headers: { token: undefined } }, "got 'token'"],
])('a graph does not start with %s, and the error tells no secret', (_, options, said) => {
  const { open } = fromHttp({ url: 'https://crm.example/{keys}', ...options });
  const starting = () => open();
  expect(starting).toThrow(said);
  expect(starting).toThrow(ConfigError);
  expect(starting).not.toThrow('SECRET');
});
