import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError, messageOf } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';

/**
 * Loads the pipeline that a file exports by default.
 *
 * @throws ConfigError when there is no such file, it cannot be run, or it exports no pipeline.
 */
export async function loadPipeline(file: string | undefined): Promise<Pipeline> {
  const where = file ?? 'PIPELINE';
  if (file === undefined) {
    throw new ConfigError({
      where,
      expected: 'a pipeline file',
      got: 'none',
      fix: 'name one, such as src/pipelines/storefront.ts',
    });
  }
  const path = resolve(file);
  const got = whatIsAt(path);
  if (got !== undefined) throw new ConfigError({ where, expected: 'a pipeline file', got, fix: 'check the path' });
  let module: { readonly default?: unknown };
  try {
    module = await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const fix =
      'run it alone with node; only erasable TypeScript runs (no enums, no parameter properties), imports end in .ts';
    throw new ConfigError(
      { where, expected: 'a file that node can run', got: messageOf(error), fix },
      { cause: error },
    );
  }
  if (isPipeline(module.default)) return module.default;
  throw new ConfigError({
    where,
    expected: 'export default pipeline(…)',
    got: module.default === undefined ? 'no default export' : typeof module.default,
    fix: "export default pipeline('name', [tables], graph)",
  });
}

/** What is at a path in a file's place. */
function whatIsAt(path: string): string | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile()) return undefined;
    return found ? 'a directory' : 'no such file';
  } catch (error) {
    return messageOf(error); // too long a name, a folder that may not be entered
  }
}

function isPipeline(value: unknown): value is Pipeline {
  return typeof value === 'object' && value !== null && 'graph' in value && 'version' in value && 'events' in value;
}
