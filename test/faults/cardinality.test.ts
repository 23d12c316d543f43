import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import { expect, test, vi } from 'vitest';
import { program } from '../support/e2e-command.ts';
import { scene } from '../support/e2e-scene.ts';
import { PIPELINE } from './shop.ts';

const KEYS = 1_000_000;
/** One of so many events is about tea; all others are about something that no other one is about. */
const TEA = 11;
const EVENTS = (KEYS * TEA) / (TEA - 1);
const PACK = 500;
/** Messages made at a time. */
const SLICE = 20;
const MAX_MB = 400;
/** The middle of a window of the storefront, recent enough to be accepted. */
const AT = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_595_000);

/** Purchase number `n`. What it is about and costs is said once more in {@link differing}. */
const purchase = (n: number): string =>
  JSON.stringify({
    id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    type: 'purchase',
    at: AT,
    user: `user-${n}`,
    session: `session-${n}`,
    product: n % TEA === 0 ? 'tea' : hash('md5', String(n)),
    cents: n % 1_000,
    currency: 'EUR',
    country: 'DE',
    device: 'mobile',
  });

/** Counts the rows of the window that are not as what was sent makes them, those too that are missing or too many. */
const differing = `
  with sent as (
    select case when n % ${TEA} = 0 then 'tea' else md5(n::text) end as product, count(*) as events, sum(n % 1000) as cents
    from generate_series(0, ${EVENTS - 1}) n group by 1)
  select count(*)::int as rows,
    count(*) filter (where (t.window_start, t.events, t.revenue_cents) is distinct from ($1::timestamptz, sent.events, sent.cents))::int as differing
  from sent full join product_trade t using (product)`;

/** The most memory a process ever had. */
function highWaterMb(pid: number | undefined): number {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return Number.NaN;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8')) ?? [];
  return Number(kilobytes) / 1_024;
}

test('a million keys in one window, beside one that everybody wants: the worker stays below 400 MB, and each row is exact', {
  timeout: 300_000,
}, async ({ skip }) => {
  const { env, queue, sql } = await scene();
  // As it is run from a shell: with what its first line says.
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const worker = program('src/cli/main.ts', ['run', PIPELINE, '--json'], { ...env, PATH });
  await worker.said(/worker of 'storefront'/);
  const bodyOf = (first: number): string => `[${Array.from({ length: PACK }, (_, i) => purchase(first + i)).join()}]`;
  for (let first = 0; first < EVENTS; first += SLICE * PACK)
    await queue.send(Array.from({ length: SLICE }, (_, m) => bodyOf(first + m * PACK)));
  await vi.waitUntil(
    async () => {
      expect(worker.child.exitCode, 'the worker ended').toBe(null);
      const { visible, inFlight } = await queue.counts();
      return visible + inFlight === 0;
    },
    { timeout: 200_000, interval: 100 },
  );
  const memory = highWaterMb(worker.child.pid);
  worker.child.kill('SIGTERM');
  // Ends the poll under way.
  await queue.send([bodyOf(0)]);
  const ended = await worker.ended;
  expect(ended, ended.err).toMatchObject({ code: 0, signal: null });
  expect(ended.json()).toMatchObject({ rejected: 0, lost: 0 });

  const window = new Date(AT.getTime() - 5_000);
  expect(await sql.unsafe(differing, [window])).toEqual([{ rows: KEYS + 1, differing: 0 }]);
  expect(await sql`select count(*)::int as n from shop_events where counted`).toEqual([{ n: EVENTS }]);
  const cents = (EVENTS / 1_000) * ((999 * 1_000) / 2);
  expect(await sql`select country, purchases::int, revenue_cents::int, largest_cents::int from country_sales`).toEqual([
    { country: 'DE', purchases: EVENTS, revenue_cents: cents, largest_cents: 999 },
  ]);
  skip(Number.isNaN(memory), 'exact; but the memory of a process is read from /proc, as Linux has it');
  expect(memory).toBeLessThan(MAX_MB);
});
