import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import storefront from '../src/pipelines/storefront.ts';
import { generated } from '../src/telemetry/generated.ts';

/** Writes what is made of the registry of metrics: `npm run generate`. */
for (const [path, text] of generated([storefront])) {
  const file = join(import.meta.dirname, '..', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
