import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test("the README's pipeline runs as it stands there, and gives what its comment says", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [orders, inMemory] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string);
  const promised = /console\.log\(.*\); \/\/ (.*)$/m.exec(inMemory ?? '')?.[1];
  await mkdir('.scalestream', { recursive: true });
  const room = await mkdtemp(join('.scalestream', 'readme-'));
  try {
    await writeFile(join(room, 'orders.ts'), orders ?? '');
    await writeFile(join(room, 'main.ts'), inMemory ?? '');
    const { stdout } = await run(process.execPath, [join(room, 'main.ts')]);
    expect(stdout.replaceAll(/\s+/g, ' ').trim()).toBe(promised);
  } finally {
    await rm(room, { recursive: true });
  }
});

test("the README's proof of that pipeline holds", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [orders, , proof] = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => match[1] as string);
  await mkdir('.scalestream', { recursive: true });
  const room = await mkdtemp(join('.scalestream', 'readme-'));
  try {
    await writeFile(join(room, 'orders.ts'), orders ?? '');
    await writeFile(join(room, 'orders.test.ts'), proof ?? '');
    await writeFile(join(room, 'vitest.config.ts'), "export default { test: { include: ['*.test.ts'] } };");
    const vitest = join('node_modules', 'vitest', 'vitest.mjs');
    const { stdout } = await run(process.execPath, [vitest, 'run', '--root', room], {
      env: { ...process.env, NO_COLOR: '1' },
    });
    expect(stdout).toMatch(/Tests +1 passed \(1\)/);
  } finally {
    await rm(room, { recursive: true });
  }
});

test("the README's pipeline has about 20 lines", async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [block = ''] = /^```ts\n(.*?)^```$/ms.exec(readme)?.slice(1) ?? [];
  expect(block.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(20);
});
