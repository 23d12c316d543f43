import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { asTokens, type PipelineAnswer, readDatabase } from '../../../src/server/index.ts';
import { postgresProxy } from '../../support/postgres-proxy.ts';
import { browserTest as test, pageScene, windowsTable } from './scene.ts';

const TOKEN = 'a-secret';

const scene = pageScene();

const sentence = (page: Page) => page.locator('.sentence span');

test('the verdict is the one of the server, and who listens hears it when its state is another one, not each time it is told', async () => {
  const { data } = await scene.api<PipelineAnswer>('/v1/pipelines/storefront');
  const page = await scene.look('?pipeline=storefront');
  await page.waitForFunction((text) => document.querySelector('.sentence')?.textContent === text, data.verdict.text);
  expect(await page.title()).toBe(`storefront ${data.verdict.state.replace('-', ' ')} – ScaleStream`);

  const told = { state: 'keeps-up', text: 'storefront keeps up: 1,004 events/s' };
  await page.route('**/v1/pipelines/storefront/stream*', (route) => route.fulfill({ status: 404, body: '{}' }));
  await page.route('**/v1/pipelines/storefront', (route) =>
    route.fulfill({ json: { data: { ...data, verdict: told }, meta: { asOf: new Date().toISOString() } } }),
  );
  await page.reload();
  await sentence(page).getByText('1,004 events/s').waitFor();
  const spoken = page.getByRole('status');
  expect(await spoken.textContent()).toBe('storefront keeps up: 1,004 events/s');
  told.text = 'storefront keeps up: 1,005 events/s';
  await sentence(page).getByText('1,005 events/s').waitFor();
  expect(await spoken.textContent()).toBe('storefront keeps up: 1,004 events/s');
  Object.assign(told, { state: 'behind', text: 'storefront is behind: Postgres is saturated' });
  await sentence(page).getByText('Postgres is saturated').waitFor();
  await spoken.getByText('Postgres is saturated').waitFor();
});

test('stages say in words and numbers how busy they are, what they hold, and what goes wrong in them', async () => {
  const { data } = await scene.api<PipelineAnswer>('/v1/pipelines/storefront');
  const stages = [
    { stage: 'receive', messages: 9.4, busy: 0, backpressured: 0.91, idle: 0.09, held: 0 },
    { stage: 'decode', messages: 9.4, busy: 0.02, backpressured: 0, idle: 0.98, held: 1 },
    { stage: 'transaction', messages: 1234.5, busy: 0.97, backpressured: 0, idle: 0.03, held: 1_200 },
  ];
  const body = { ...data, stages, rates: { ...data.rates, rejected: 2 }, retries: 3, breaker: 1 };
  const page = await scene.look();
  await page.route('**/v1/pipelines/storefront/stream*', (route) => route.fulfill({ status: 404, body: '{}' }));
  await page.route('**/v1/pipelines/storefront', (route) =>
    route.fulfill({ json: { data: body, meta: { asOf: new Date().toISOString() } } }),
  );
  await page.reload();
  const flow = page.getByRole('region', { name: 'Stages' }).or(page.locator('section:has(#stages)')).first();
  await flow.getByRole('listitem').nth(2).waitFor();
  expect((await flow.getByRole('listitem').allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim())).toEqual(
    [
      expect.stringMatching(
        /^receive ?backpressured 9\.4 msg\/s .*busy 0 % backpressured 91 % idle 9 % nothing held no errors$/,
      ),
      expect.stringMatching(/^decode ?idle 9\.4 msg\/s .*1 message held 2\.0 rejected\/s$/),
      expect.stringMatching(/^transaction ?busy 1,235 msg\/s .*1,200 messages held 3 retries in 10 s$/),
    ],
  );
  await flow.getByText('1 worker stopped receiving, since the database fails').waitFor();
});

test('where a token is wanted the page asks for it, says when it is a wrong one, keeps it for the tab, and never puts it into an address', async () => {
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const tokens = asTokens({ tokens: [{ name: 'page', sha256, scopes: ['read'] }] });
  const secured = await scene.serve(scene.shop.api({ tokens }));
  const page = await scene.look('', {}, secured.url);
  const dialog = page.getByRole('dialog', { name: 'A token is needed' });
  await dialog.getByLabel('Token').pressSequentially('wrong');
  await page.keyboard.press('Enter');
  await dialog.getByText('was not accepted').waitFor();
  await dialog.getByLabel('Token').fill(TOKEN);
  const urls: string[] = [];
  page.on('request', (request) => urls.push(request.url()));
  await page.keyboard.press('Enter');
  await windowsTable(page).locator('tbody tr').first().waitFor();
  await dialog.waitFor({ state: 'hidden' });
  expect(urls.length).toBeGreaterThan(3);
  expect(urls.filter((url) => url.includes(TOKEN))).toEqual([]);
  await page.reload();
  await windowsTable(page).locator('tbody tr').first().waitFor();
  expect(await page.evaluate(() => [localStorage.getItem('token'), document.cookie])).toEqual([null, '']);
});

test('a database that goes away is told, with what to do; once it is back the page goes on by itself', async () => {
  const proxy = await postgresProxy(scene.shop.place.url);
  const database = readDatabase({ url: proxy.url, connections: 2 });
  try {
    const server = await scene.serve(scene.shop.api({ database }));
    const page = await scene.look('', {}, server.url);
    await page.locator('.way').getByText('Live').waitFor();
    await sentence(page).waitFor();
    await proxy.door('refuse');
    proxy.cutAll();
    const notice = page.locator('.verdict .notice');
    await notice.getByText('What to do').waitFor();
    await notice.getByText('What is shown is of before. This page asks again by itself').waitFor();
    expect(await sentence(page).count()).toBe(1);
    await proxy.door('open');
    await notice.waitFor({ state: 'detached' });
    await server.close(0);
  } finally {
    await database.close();
    await proxy.close();
  }
});

test('a server that is away is told too, and what it said last stays', async () => {
  const page = await scene.look();
  await windowsTable(page).locator('tbody tr').first().waitFor();
  await page.context().setOffline(true);
  await page.locator('.verdict .notice').getByText('The server does not answer').waitFor();
  expect(await sentence(page).count()).toBe(1);
  await page.context().setOffline(false);
  await page.locator('.verdict .notice').waitFor({ state: 'detached' });
});

test('a page that is open for long does not grow, and stands still when it is told to', async () => {
  const page = await scene.look();
  await page.clock.install();
  await page.route('**/stream*', (route) => route.fulfill({ status: 404, body: '{}' }));
  await page.reload();
  await page.getByText('The same as a table').click();
  await page.getByRole('table', { name: 'Windows over time' }).waitFor();
  await page.locator('canvas').first().waitFor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const measured = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
    return { nodes: of('Nodes'), listeners: of('JSEventListeners'), heap: of('JSHeapUsedSize') };
  };
  /** Ten minutes are 150 times four seconds. */
  const pass = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      if (i % 25 === 0) await scene.sell({ product: 'p-1' });
      const answered = page.waitForResponse((response) => response.url().endsWith('v1/pipelines/storefront'));
      await page.clock.runFor(4_000);
      await (await answered).finished();
    }
  };
  await pass(30);
  const before = await measured();
  await pass(120);
  const after = await measured();
  expect(after.nodes).toBeLessThan(before.nodes * 1.1 + 200);
  expect(after.listeners).toBeLessThan(before.listeners * 1.1 + 50);
  expect(after.heap).toBeLessThan(before.heap + 4_000_000);

  await page.getByRole('button', { name: 'Pause' }).click();
  let asked = 0;
  page.on('request', () => asked++);
  await page.clock.runFor(60_000);
  expect(asked).toBe(0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.waitForResponse((response) => response.url().endsWith('v1/pipelines/storefront'));
});
