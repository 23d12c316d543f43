import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { metricsApi, readDatabase } from '../../../src/server/index.ts';
import { readPageFiles } from '../../../src/server/page/page-files.ts';

const PAGE = join(import.meta.dirname, '../../../src/server/page');
/** Nothing of the page asks it. */
const database = readDatabase({ url: 'postgres://127.0.0.1:1/none' });
const app = metricsApi({ pipelines: [], database });
const { version, importMapHash } = readPageFiles();

test('what is vendored is what was published: each file has the sum, the version and the licence that the list says', () => {
  const list = readFileSync(join(PAGE, 'vendor/README.md'), 'utf8');
  const lines = [
    ...list.matchAll(
      /^\| `([^`]+)` \| \S+ \d+\.\d+\.\d+ `[^`]+` \| (?:MIT|Apache-2\.0), `([^`]+)` \| `([0-9a-f]{64})` \|$/gm,
    ),
  ];
  const listed = lines.map(([, file = '', licence = '', sum]) => {
    expect(readFileSync(join(PAGE, 'vendor', licence), 'utf8')).toMatch(/Permission is hereby granted|Apache License/);
    return [file, sum];
  });
  const files = globSync('*.{js,css}', { cwd: join(PAGE, 'vendor') }).sort();
  const sums = files.map((file) => [
    file,
    createHash('sha256')
      .update(readFileSync(join(PAGE, 'vendor', file)))
      .digest('hex'),
  ]);
  expect(sums).toEqual(listed.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
});

test('the page may run its own modules, talk to its own server, and nothing else', async () => {
  const response = await app.request('/');
  expect(response.status).toBe(200);
  const policy = Object.fromEntries(
    (response.headers.get('content-security-policy') ?? '')
      .split('; ')
      .map((part) => part.split(/ (.*)/) as [string, string]),
  );
  expect(policy).toEqual({
    'default-src': "'none'",
    'frame-ancestors': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'script-src': `'self' ${importMapHash}`,
    'style-src': "'self'",
    'connect-src': "'self'",
    'img-src': "'self' data:",
    'require-trusted-types-for': "'script'",
  });
  const html = await response.text();
  const [, map = ''] = /<script type="importmap">(.*)<\/script>/.exec(html) ?? [];
  expect(importMapHash).toBe(`'sha256-${createHash('sha256').update(map).digest('base64')}'`);
  expect(html).not.toMatch(/\bstyle=|\bon\w+=|https?:\/\/(?!www\.w3\.org)/);
});

test('all that the page names is there, and is kept by browsers for as long as the page is the same', async () => {
  const html = await (await app.request('/')).text();
  const paths = [...html.matchAll(/"(?:\.\/)?(assets\/[^"]+)"/g)].map(([, path]) => `/${path}`);
  expect(paths.length).toBeGreaterThan(30);
  for (const path of new Set(paths)) {
    const response = await app.request(path);
    expect([path, response.status, response.headers.get('cache-control')]).toEqual([
      path,
      200,
      'public, max-age=31536000, immutable',
    ]);
    expect(response.headers.get('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/);
    const plain = Buffer.from(await response.arrayBuffer());
    const zipped = await app.request(path, { headers: { 'accept-encoding': 'br, gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(gunzipSync(Buffer.from(await zipped.arrayBuffer()))).toEqual(plain);
  }
});

test('every module is loaded at once, but for what is drawn with later', async () => {
  const html = await (await app.request('/')).text();
  const modules = globSync('**/*.js', { cwd: join(PAGE, 'app') }).filter(
    (path) => basename(path) !== 'theme.js' || path.includes('data'),
  );
  for (const path of modules)
    expect(html).toContain(`<link rel="modulepreload" href="assets/${version}/app/${path}" />`);
  expect(html).not.toMatch(/preload[^>]*uplot/);
});

test('an unchanged page is not sent twice, and a changed file is another page', async () => {
  const first = await app.request('/');
  const etag = first.headers.get('etag') ?? '';
  expect((await app.request('/', { headers: { 'if-none-match': etag } })).status).toBe(304);
  expect((await app.request('/', { headers: { 'if-none-match': '"another"' } })).status).toBe(200);
  const copy = mkdtempSync(join(tmpdir(), 'page-'));
  try {
    cpSync(PAGE, copy, { recursive: true });
    expect(readPageFiles(copy).version).toBe(version);
    writeFileSync(join(copy, 'app/main.js'), 'export {};\n');
    expect(readPageFiles(copy).version).not.toBe(version);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

test('a file of another version is not kept, and what is none of the page is not there', async () => {
  const other = await app.request('/assets/0000000000000000/app/main.js');
  expect([other.status, other.headers.get('cache-control')]).toEqual([200, 'no-store']);
  for (const path of [
    `/assets/${version}/app/index.html`,
    `/assets/${version}/page-files.ts`,
    `/assets/${version}/../app/main.ts`,
    `/assets/${version}/app/%2e%2e/page-files.ts`,
    '/assets/app/main.js',
    '/assets/',
  ]) {
    const response = await app.request(path);
    expect([path, response.status, response.headers.get('content-type')]).toEqual([
      path,
      404,
      'application/problem+json',
    ]);
  }
});
