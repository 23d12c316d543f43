import { expect, test } from 'vitest';
import { command, scalestream } from '../support/e2e-command.ts';
import { scene } from '../support/e2e-scene.ts';

const PIPELINE = 'src/pipelines/storefront.ts';

test('a worker that was killed is shown as such, and what the watermark waits for says when it is given up', {
  timeout: 60_000,
}, async () => {
  const set = await scene();
  const worker = command(['run', PIPELINE, '--worker', 'a1'], set.env);
  await worker.said(/worker of 'storefront'/);
  worker.child.kill('SIGKILL');
  await worker.ended;
  const age = (seconds: number) =>
    set.sql`update scalestream.workers set low = now(), low_source = 'shop', seen_at = clock_timestamp() - ${seconds} * interval '1 second',
      expires_at = clock_timestamp() + (75 - ${seconds}) * interval '1 second'`;
  await age(40);
  await set.sql`update scalestream.workers set vitals = ${set.sql.json({ loop: 1 })}`;
  const silent = await scalestream(['status', PIPELINE, '--json'], set.env);
  expect(silent.out).toMatch(
    /; held: by worker a1 \(source shop\): no sign of life for 4\d s; given up in [23]\d s unless it comes back$/m,
  );
  expect(silent.out).toMatch(
    /^worker {5}a1 \(\S+\): no sign of life for 4\d s, given up in [23]\d s · committed 0 · /m,
  );
  expect(silent.out).toMatch(/^storefront (begins|is behind by .*): .*no sign of life for 4\d s/);
  // what it told of itself is long over
  expect(silent.json()).toMatchObject({
    workers: [{ worker: 'a1', state: 'silent', life: expect.any(Number), vitals: null }],
  });
  await set.sql`update scalestream.workers set low = null, low_source = null`;
  const [unknown] = await set.sql`select held from scalestream.status`;
  expect(unknown?.['held']).toMatch(
    /^by worker a1: no sign of life for 4\d s; given up in [23]\d s unless it comes back$/,
  );
  await age(80);
  const dead = await scalestream(['status', PIPELINE, '--json'], set.env);
  expect(dead.out).toMatch(/^storefront is stopped: no worker lives; /);
  expect(dead.out).toMatch(/; held: no workers$/m);
  expect(dead.out).toMatch(/^worker {5}a1 \(\S+\): no sign of life for 8\d s, given up · committed 0 · /m);
});
