import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { freshDatabase } from '../support/database.ts';
import { findings } from './findings.ts';
import { fuzz } from './fuzz.ts';
import { realGround } from './real-ground.ts';
import { runCase } from './run-case.ts';

// The seed is another at each run; a finding prints the line that replays it: node test/fuzz/main.ts --replay …
const seed = randomInt(1, 2 ** 31);

for (const { claim, found } of findings) {
  test(claim, async () => {
    expect((await runCase(found, 1)).violations).toEqual([]);
  });
}

test(`20,000 bad inputs: everything is acknowledged, no good event is lost beside a bad one (seed ${seed})`, async () => {
  const report = await fuzz({ inputs: 20_000, seed });
  expect(report.findings).toEqual([]);
  expect(report.committed).toBeGreaterThan(5_000);
  expect(report.rejected).toBeGreaterThan(3_000);
  expect(report.configurations).toBeGreaterThan(900);
});

test(`2,000 bad inputs leave in Postgres what they leave in memory (seed ${seed})`, async () => {
  const database = await freshDatabase();
  const real = realGround(database.url);
  const report = await fuzz({ inputs: 2_000, seed, configurations: 0, real: real.of });
  expect(report.findings).toEqual([]);
  expect(await real.differences()).toEqual([]);
  await real.close();
  await database.drop();
});
