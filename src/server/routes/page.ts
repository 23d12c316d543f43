import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { type PageFile, type PageFiles, readPageFiles } from '../page/page-files.ts';
import { secured } from '../secured.ts';
import type { ServerEnv } from '../serving.ts';

/** The page that people look at, at `/`, and what it loads, below `/assets/`. Neither tells anything: it asks the API, with the token of whoever looks. */
export const pageRoute = () =>
  new Hono<ServerEnv>()
    .get('/', (c) => {
      const { version, index } = pageFiles();
      const etag = `"${version}"`;
      const headers = { etag, 'cache-control': 'no-cache' };
      if (c.req.header('if-none-match')?.includes(etag)) return c.body(null, 304, headers);
      return sent(c, index, headers);
    })
    .get('/assets/:version/*', (c, next) => {
      const { version, assets } = pageFiles();
      const asked = c.req.param('version');
      const file = assets.get(c.req.path.slice(`/assets/${asked}/`.length));
      if (!file) return next();
      // of another version, as while servers are renewed one by one: what is here may do, and must not be kept under that name
      const kept = asked === version ? 'public, max-age=31536000, immutable' : 'no-store';
      return sent(c, file, { 'cache-control': kept });
    });

/** Whether a path is the page's. */
export const isOfPage = (path: string): boolean => path === '/' || path.startsWith('/assets/');

/** What a browser may do with the page: run its own modules, and talk to its own server. */
export const pageSecured: MiddlewareHandler = (c, next) => {
  const { importMapHash } = pageFiles();
  policy ??= secured({
    scriptSrc: ["'self'", importMapHash],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    requireTrustedTypesFor: ["'script'"],
  });
  return policy(c, next);
};

let policy: MiddlewareHandler | undefined;
let files: PageFiles | undefined;

/** Read when they are first asked for. */
const pageFiles = (): PageFiles => (files ??= readPageFiles());

function sent(
  c: Context,
  { contentType, body, gzipped }: PageFile,
  headers: Readonly<Record<string, string>>,
): Response {
  const zipped = c.req.header('accept-encoding')?.includes('gzip') === true;
  const encoding = zipped ? { 'content-encoding': 'gzip' } : {};
  return c.body(zipped ? gzipped : body, 200, {
    ...headers,
    ...encoding,
    'content-type': contentType,
    vary: 'accept-encoding',
  });
}
