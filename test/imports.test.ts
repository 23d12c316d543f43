import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../src');

/** Who may import whom. `vocabulary` is the files at the root of `src`; `*` is anything; `types` are packages of which only types are imported. */
interface Rule {
  readonly ours: readonly string[];
  readonly npm?: readonly string[];
  readonly types?: readonly string[];
}

const RULES: Readonly<Record<string, Rule>> = {
  vocabulary: { ours: [], types: ['@opentelemetry/api', '@standard-schema/spec', 'rxjs'] },
  measures: { ours: ['vocabulary'], npm: ['big.js'] },
  windows: { ours: ['vocabulary'] },
  codecs: { ours: ['vocabulary'], npm: ['secure-json-parse'], types: ['@standard-schema/spec'] },
  operators: { ours: ['vocabulary', 'codecs'], npm: ['rxjs', 'lru-cache'] },
  lookups: { ours: ['vocabulary', 'sinks'] },
  sources: {
    ours: ['vocabulary', 'operators'],
    npm: ['rxjs', '@aws-sdk/client-sqs', '@opentelemetry/api', '@smithy/node-http-handler'],
  },
  sinks: {
    ours: ['vocabulary', 'operators', 'producer'],
    npm: ['rxjs', 'postgres', 'big.js', '@aws-sdk/client-sqs', '@opentelemetry/api'],
  },
  producer: { ours: ['vocabulary'], npm: ['@aws-sdk/client-sqs', '@opentelemetry/api'] },
  pipelines: { ours: ['index'], npm: ['rxjs', 'zod'] },
  runtime: { ours: ['vocabulary', 'codecs', 'operators', 'sources', 'sinks'], npm: ['rxjs'] },
  telemetry: {
    ours: ['vocabulary', 'runtime', 'sinks'],
    npm: [
      '@opentelemetry/api',
      '@opentelemetry/exporter-prometheus',
      '@opentelemetry/exporter-trace-otlp-proto',
      '@opentelemetry/instrumentation-runtime-node',
      '@opentelemetry/sdk-metrics',
      '@opentelemetry/sdk-node',
      '@opentelemetry/sdk-trace',
    ],
  },
  testing: { ours: ['vocabulary', 'operators', 'sources', 'sinks', 'runtime'] },
  server: {
    ours: ['vocabulary', 'codecs', 'producer', 'sinks', 'runtime'],
    npm: ['hono', '@hono/node-server', 'lru-cache'],
    types: ['@aws-sdk/client-sqs'],
  },
  index: {
    ours: [
      'vocabulary',
      'measures',
      'windows',
      'codecs',
      'operators',
      'sources',
      'sinks',
      'lookups',
      'producer',
      'runtime',
    ],
  },
  cli: { ours: ['*'], npm: ['*'] },
  local: { ours: ['*'], npm: ['*'] },
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly type: boolean;
}

function roomOf(file: string): string {
  if (file === 'index.ts') return 'index';
  return file.includes('/') ? (file.split('/')[0] as string) : 'vocabulary';
}

const packageOf = (name: string): string =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');

function isAllowed({ file, from, type }: Import): boolean {
  const room = roomOf(file);
  const { ours = [], npm = [], types = [] } = RULES[room] ?? {};
  const has = (list: readonly string[], name: string): boolean => list.includes(name) || list.includes('*');
  if (from.startsWith('.')) {
    const target = roomOf(join(dirname(file), from));
    return target === room || has(ours, target);
  }
  return from.startsWith('node:') || has(npm, packageOf(from)) || (type && has(types, packageOf(from)));
}

const IMPORT = /^(?:import|export) (type )?(?:[^;'"]*? from )?'([^']+)'|\bimport\('([^']+)'\)/gm;

const imports = globSync('**/*.ts', { cwd: ROOT }).flatMap((file) =>
  [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map(
    ([, type, named, lazy]): Import => ({ file, from: (named ?? lazy) as string, type: type !== undefined }),
  ),
);

test('every room imports only what it may', () => {
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter((each) => !isAllowed(each)).map(({ file, from }) => `${file} imports ${from}`)).toEqual([]);
});

test.each<[string, string, boolean]>([
  ['operators/gather.ts', '../sinks/memory.ts', false],
  ['operators/gather.ts', 'postgres', true],
  ['pipelines/storefront.ts', '../sources/memory.ts', true],
  ['batch.ts', 'rxjs', false],
  ['batch.ts', './operators/gather.ts', true],
  ['sinks/memory.ts', '../local/queue.ts', false],
  ['server/app.ts', '../pipelines/storefront.ts', false],
  ['somewhere/new.ts', '../batch.ts', true],
])('%s may not import %s', (file, from, type) => expect(isAllowed({ file, from, type })).toBe(false));
