import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutation.ts';

/** A copy of the project that can be spoilt. */
export interface Workspace {
  readonly folder: string;
  remove(): void;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = ['src', 'test', 'package.json', 'tsconfig.json', 'vitest.config.ts'] as const;
/** Needed by those tests only that read them. */
const COPIED_IF_THERE = ['README.md', 'ARCHITECTURE.md', 'docs', 'bench'] as const;

/**
 * Copies what the tests need to a temporary folder, the packages as a link; needs no git. The mutation, where one is given, is applied to the copy.
 *
 * @throws Error when the mutation's text is not in its file exactly once: the source has moved on and the mutation must follow.
 */
export function workspace(mutation?: Mutation): Workspace {
  const folder = mkdtempSync(join(tmpdir(), 'scalestream-mutation-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  try {
    for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    for (const name of COPIED_IF_THERE)
      if (existsSync(join(ROOT, name))) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
    if (mutation) apply(mutation, folder);
  } catch (error) {
    remove();
    throw error;
  }
  return { folder, remove };
}

/** Whether each mutation's text is where it says: asked of all before the first runs, since a run takes minutes. */
export function misplaced(mutations: readonly Mutation[]): string[] {
  return mutations.flatMap((mutation) => {
    const times = occurrences(mutation, ROOT);
    return times === 1 ? [] : [`'${mutation.name}': its text is ${times} times in src/${mutation.file}; expected once`];
  });
}

function occurrences({ file, find }: Mutation, root: string): number {
  const path = join(root, 'src', file);
  return existsSync(path) ? readFileSync(path, 'utf8').split(find).length - 1 : 0;
}

function apply(mutation: Mutation, folder: string): void {
  const [wrong] = occurrences(mutation, folder) === 1 ? [] : misplaced([mutation]);
  if (wrong) throw new Error(wrong);
  const path = join(folder, 'src', mutation.file);
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace(mutation.find, () => mutation.replace),
  );
}
