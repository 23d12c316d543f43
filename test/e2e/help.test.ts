import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { program, scalestream } from '../support/e2e-command.ts';
import { scene } from '../support/e2e-scene.ts';

const CLONE = fileURLToPath(new URL('../..', import.meta.url));
const VERBS = ['start', 'local', 'produce', 'run', 'serve', 'verify', 'migrate'];

test('npx scalestream --help names each verb, with an example', async () => {
  const { code, out } = await program('npx', ['scalestream', '--help']).ended;
  expect(code).toBe(0);
  for (const verb of VERBS) expect(out).toMatch(new RegExp(`^  ${verb} `, 'm'));
  expect(out).toMatch(/^Examples:\n  scalestream /m);
});

test.each(VERBS)('scalestream %s --help tells its usage, its flags and examples', async (verb) => {
  const { code, out, err } = await scalestream([verb, '--help']);
  expect(code, err).toBe(0);
  expect(out).toMatch(new RegExp(`^Usage: .*(scalestream ${verb}|npm start)`));
  expect(out).toMatch(/^Examples:\n  \S/m);
});

test('no verb shows the help and exits with 2; an unknown one is named, with 2', async () => {
  const none = await scalestream([]);
  expect(none).toMatchObject({ code: 2 });
  expect(none.out).toMatch(/^Usage: scalestream VERB/m);
  const unknown = await scalestream(['fly']);
  expect(unknown).toMatchObject({ code: 2, out: '' });
  expect(unknown.err).toMatch(/expected a verb among start, .*; got 'fly'. Fix: see 'scalestream --help'/);
});

test("a pipeline file of one's own in the clone imports from 'scalestream'", { timeout: 60_000 }, async () => {
  const { env, sql } = await scene();
  const storefront = await readFile(join(CLONE, 'src/pipelines/storefront.ts'), 'utf8');
  const mine = join(CLONE, `mine-${process.pid}.ts`);
  onTestFinished(() => rm(mine, { force: true }));
  await writeFile(
    mine,
    storefront.replace("'../index.ts'", "'scalestream'").replace("pipeline('storefront'", "pipeline('mine'"),
  );
  const { code, out, err } = await program('npx', ['scalestream', 'migrate', mine], env).ended;
  expect(code, err).toBe(0);
  expect(out).toMatch(/pipeline 'mine' is at version/);
  expect(await sql`select name from scalestream.pipelines`).toEqual([{ name: 'mine' }]);
});
