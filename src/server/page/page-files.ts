import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file as it is sent. */
export interface PageFile {
  readonly contentType: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly gzipped: Uint8Array<ArrayBuffer>;
}

/** The page and all that it loads. */
export interface PageFiles {
  /** Of all the files together: it is part of their addresses, so what a browser keeps is never of another version. */
  readonly version: string;
  readonly index: PageFile;
  /** By their path, such as `app/main.js`. */
  readonly assets: ReadonlyMap<string, PageFile>;
  /** What a policy must name so that the import map, which cannot be a file, may stand in the page. */
  readonly importMapHash: string;
}

const TYPES: Readonly<Record<string, string>> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

/** By which names the modules of the page know the vendored ones. */
const VENDORED: Readonly<Record<string, string>> = {
  preact: 'vendor/preact.js',
  'preact/hooks': 'vendor/preact-hooks.js',
  '@preact/signals-core': 'vendor/signals-core.js',
  '@preact/signals': 'vendor/signals.js',
  htm: 'vendor/htm.js',
  uplot: 'vendor/uplot.js',
};
/** Loaded before anything is shown, so that it is shown in the right colours. */
const FIRST = 'app/theme.js';
const MAIN = 'app/main.js';
/** Loaded once there is something to draw. */
const LATER = ['vendor/uplot.js'];

/** Reads the page: a directory of modules and styles as people write them, and no build. */
export function readPageFiles(directory: string = import.meta.dirname): PageFiles {
  const paths = globSync('{app,vendor}/**/*.{js,css}', { cwd: directory })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
  const assets = new Map(paths.map((path) => [path, fileOf(path, readFileSync(join(directory, path)))]));
  const template = readFileSync(join(directory, 'app/index.html'), 'utf8');
  const hash = createHash('sha256').update(template);
  for (const [path, { body }] of assets) hash.update(`\0${path}\0`).update(body);
  const version = hash.digest('hex').slice(0, 16);
  const importMap = JSON.stringify({
    imports: Object.fromEntries(
      Object.entries(VENDORED).map(([name, path]) => [name, `./${addressOf(version, path)}`]),
    ),
  });
  const html = template.replace('<!-- assets -->', () => headOf(version, paths, importMap));
  return {
    version,
    index: fileOf('index.html', Buffer.from(html)),
    assets,
    importMapHash: `'sha256-${createHash('sha256').update(importMap).digest('base64')}'`,
  };
}

/** Relative, so that the page may be served below any path. */
const addressOf = (version: string, path: string): string => `assets/${version}/${path}`;

function fileOf(path: string, bytes: Buffer): PageFile {
  const contentType = TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { contentType, body: new Uint8Array(bytes), gzipped: new Uint8Array(gzipSync(bytes, { level: 9 })) };
}

/** All modules are asked for at once, not one after the other as each is read. */
function headOf(version: string, paths: readonly string[], importMap: string): string {
  const at = (path: string): string => addressOf(version, path);
  const modules = paths.filter((path) => path.endsWith('.js') && path !== FIRST && !LATER.includes(path));
  return [
    `<script src="${at(FIRST)}"></script>`,
    ...paths.filter((path) => path.endsWith('.css')).map((path) => `<link rel="stylesheet" href="${at(path)}" />`),
    `<script type="importmap">${importMap}</script>`,
    ...modules.map((path) => `<link rel="modulepreload" href="${at(path)}" />`),
    `<script type="module" src="${at(MAIN)}"></script>`,
  ].join('\n    ');
}
