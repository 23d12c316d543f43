import { test } from 'vitest';
import { Hono } from 'hono';
import storefront from '../../src/pipelines/storefront.ts';
import { served } from './shop.ts';
import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
test('perf', { timeout: 100000 }, async () => {
  const shop = await served([storefront], { events: 600 });
  const app = shop.api({ cache: { staleMs: 600000 } });
  const path = 'http://localhost/v1/pipelines/storefront/windows/product_trade?limit=60';
  const body = await (await app.request(path)).text();
  const constant = new Hono().get('/x', (c) => c.body(body, 200, { 'content-type': 'application/json' }));
  const time = async (name: string, f: () => Promise<unknown>) => { const t = performance.now(); for (let i = 0; i < 20000; i++) await f(); console.log(name, ((performance.now() - t) / 20000 * 1000).toFixed(1), 'us', body.length); };
  for (let i = 0; i < 2; i++) {
  await time('constant', async () => constant.fetch(new Request('http://localhost/x')));
  await time('api', async () => app.fetch(new Request(path)));
  }
  const s = new Session(); s.connect(); await s.post('Profiler.enable'); await s.post('Profiler.start');
  await time('api', async () => app.fetch(new Request(path)));
  const { profile } = await s.post('Profiler.stop');
  const self = new Map<string, number>();
  const ids = new Map(profile.nodes.map((n: any) => [n.id, n]));
  profile.samples!.forEach((id: number, i: number) => { const n: any = ids.get(id); const k = n.callFrame.functionName + ' ' + n.callFrame.url.split('/').slice(-2).join('/') + ':' + n.callFrame.lineNumber; self.set(k, (self.get(k) ?? 0) + profile.timeDeltas![i]!); });
  console.log([...self].sort((a, b) => b[1] - a[1]).slice(0, 25).map(([k, v]) => `${(v / 1000).toFixed(0)}ms ${k}`).join('\n'));
  await shop.place.query(`insert into product_trade (window_start, product, events, carts, revenue_cents, final_revision) select now() - n * interval '10 seconds', 'p' || (n % 7), 1, 1, 1, 1 from generate_series(1, 300000) n on conflict do nothing`);
  await shop.place.query('analyze product_trade');
  const f = shop.api();
  for (const q of ['limit=60', 'limit=60&order=asc', 'state=open', 'limit=60&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z&top=events', 'key.product=p1&from=2026-11-01T00:00:00Z', 'bucket=hour&from=2026-11-20T00:00:00Z&to=2026-11-21T00:00:00Z']) {
    const t = performance.now(); const r = await f.request(`/v1/pipelines/storefront/windows/product_trade?${q}`); const b = await r.text();
    console.log(q, r.status, (performance.now() - t).toFixed(1), 'ms', b.length);
  }
  for (const q of ['column=product', 'prefix=p']) { const t = performance.now(); const r = await f.request(`/v1/pipelines/storefront/keys/product_trade?${q}`); console.log(q, r.status, (performance.now() - t).toFixed(1), (await r.text()).slice(-300)); }
  await shop.close();
});
