import type { Page, Response } from 'playwright-core';
import { expect } from 'vitest';
import type { PipelineAnswer, WindowsAnswer } from '../../../src/server/index.ts';
import { END } from '../shop.ts';
import { cellsOf } from './browser.ts';
import { browserTest as test, choice, MARKUP, OFTEN, pageScene, PIPELINES, windowsTable } from './scene.ts';

const scene = pageScene();

const isRollup = (response: Response): boolean => response.url().includes('fill=zero');

test('chart, its legend and the table beside it say what the API says, to the last digit', async () => {
  const page = await scene.look();
  const answered = page.waitForResponse(isRollup);
  await page.getByText('The same as a table').click();
  const { data, meta } = (await (await answered).json()) as WindowsAnswer;
  expect(data.length).toBeGreaterThan(60);
  await page.getByRole('table', { name: 'Windows over time' }).waitFor();
  const cells = await cellsOf(page, 'Windows over time');
  const grouped = (value: unknown) => (value === null ? '–' : (value as string).replace(/\B(?=(\d{3})+$)/g, ','));
  expect(cells.map(([, ...rest]) => rest)).toEqual(
    data.map(({ measures, state }) => [
      ...meta.columns.map(({ name }) => grouped(measures[name])),
      state === 'open' ? 'provisional' : state,
    ]),
  );
  const [latest] = data;
  for (const { name } of meta.columns) {
    const chart = page.locator('figure').filter({ has: page.getByRole('heading', { name }) });
    await chart.locator('canvas').waitFor();
    expect(await chart.locator('.legend').textContent()).toContain(
      `all keys together ${grouped(latest?.measures[name])}`,
    );
    expect(await chart.getByRole('img').getAttribute('aria-label')).toContain(
      `latest ${grouped(latest?.measures[name])}`,
    );
    expect(await chart.locator('.legend').textContent()).toContain('provisional');
    expect(await drawnColours(chart.locator('canvas'))).toBeGreaterThan(3);
  }
});

test('what is filtered and put into buckets is in the link, and the link shows the same to others; Back leads to the table before', async () => {
  const page = await scene.look();
  await windowsTable(page).waitFor();
  await choice(page, 'Table').selectOption('country_sales');
  await choice(page, 'country').pressSequentially('DE');
  await choice(page, 'country').press('Enter');
  await page.getByRole('button', { name: 'Remove DE' }).waitFor();
  await choice(page, 'Time').selectOption('7d');
  await choice(page, 'Bucket').selectOption('hour');
  await page.getByRole('checkbox', { name: 'largest_cents' }).check();
  await page.locator('figure').nth(2).waitFor();
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({
    table: 'country_sales',
    'key.country': 'DE',
    span: '7d',
    bucket: 'hour',
    measures: expect.stringMatching(
      /^purchases,revenue_cents,.*largest_cents$|^purchases,revenue_cents,largest_cents$/,
    ),
  });
  const time = `from=${new Date(END - 7 * 86_400_000).toISOString()}&to=${new Date(END).toISOString()}`;
  const { data } = await scene.api<WindowsAnswer>(
    `/v1/pipelines/storefront/windows/country_sales?${time}&bucket=hour&by=country&key.country=DE&limit=1000`,
  );
  expect(data.length).toBeGreaterThan(1);
  const other = await scene.look(new URL(page.url()).search);
  for (const each of [page, other]) {
    await each.getByText('The same as a table').click();
    const rows = each.getByRole('table', { name: 'Windows over time' }).locator('tbody tr');
    await rows
      .filter({ hasText: 'DE' })
      .nth(data.length - 1)
      .waitFor();
    const cells = await cellsOf(each, 'Windows over time');
    expect(cells.map(([at, country, purchases]) => [at?.slice(-5), country, purchases])).toEqual(
      data.map(({ key, measures }) => ['00:00', key['country'], String(measures['purchases'])]),
    );
  }
  await page.goBack();
  await page
    .getByRole('table', { name: 'Windows', exact: true })
    .getByRole('columnheader', { name: 'product' })
    .waitFor();
  expect(await choice(page, 'Table').inputValue()).toBe('product_trade');
});

test('keys are suggested as the server knows them', async () => {
  const page = await scene.look('?table=country_sales');
  const { data } = await scene.api<{ data: string[] }>('/v1/pipelines/storefront/keys/country_sales?column=currency');
  await page.waitForFunction((n) => document.querySelectorAll('#key-currency-values option').length === n, data.length);
  await choice(page, 'currency').pressSequentially(data[0]?.slice(0, 1) ?? '');
  const fitting = data.filter((value) => value.startsWith(data[0]?.slice(0, 1) ?? ''));
  await page.waitForFunction(
    (values) =>
      JSON.stringify(
        [...document.querySelectorAll<HTMLOptionElement>('#key-currency-values option')].map((o) => o.value),
      ) === values,
    JSON.stringify(fitting),
  );
});

test('every bucket that is offered for any table is one that the API takes', async () => {
  const page = await scene.look();
  for (const { name, windows, over } of PIPELINES) {
    await choice(page, 'Pipeline').selectOption(name);
    for (const table of [...windows, ...over]) {
      await choice(page, 'Table').selectOption(table.name);
      const names = await page
        .getByLabel('Bucket')
        .locator('option')
        .evaluateAll((all) => all.map((each) => (each as HTMLOptionElement).value));
      expect(names.length, table.name).toBeGreaterThan(0);
      const zone =
        table.window.kind === 'calendar' && table.window.shape[1] !== '*'
          ? `&zone=${String(table.window.shape[1])}`
          : '';
      for (const bucket of names) {
        const time = `from=${new Date(END - 3 * 86_400_000).toISOString()}&to=${new Date(END - 2 * 86_400_000).toISOString()}`;
        const response = await fetch(
          `${scene.url}/v1/pipelines/${name}/windows/${table.name}?${time}&bucket=${bucket}&by=${zone}`,
        );
        const { code = 'none' } = (await response.json()) as { code?: string };
        // what is too much is a matter of time, not of the bucket
        expect([table.name, bucket, code.replace('too-much', 'none')]).toEqual([table.name, bucket, 'none']);
      }
    }
  }
});

test('why this number: Enter on a window shows the raw events that its numbers are made of, and Escape leads back', async () => {
  const page = await scene.look();
  await windowsTable(page).waitFor();
  await choice(page, 'First').selectOption('events');
  await page.waitForFunction(
    () => Number(document.querySelector('section:has(#listing) tbody td:nth-child(3)')?.textContent) > 1,
  );
  await page.getByRole('button', { name: 'Pause' }).click();
  const [row] = await cellsOf(page, 'Windows');
  const why = windowsTable(page)
    .getByRole('button', { name: /^Why\?/ })
    .first();
  await why.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Why this number?' });
  await dialog.locator('pre').first().waitFor();
  expect([row?.[1], await dialog.locator('pre').count()]).toEqual([OFTEN, Number(row?.[2])]);
  for (const text of await dialog.locator('pre').allTextContents())
    expect(JSON.parse(text)).toMatchObject({ product: row?.[1] });
  expect(await page.evaluate(() => document.querySelector('dialog[open]')?.contains(document.activeElement))).toBe(
    true,
  );
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  expect(await why.evaluate((each) => each === document.activeElement)).toBe(true);
});

test('the largest of a measure are ranked as the API ranks them, and a measure that is a list is shown as it is', async () => {
  const page = await scene.look('?period=day');
  const ranks = page.getByRole('table', { name: 'Largest revenue_cents' });
  await ranks.locator('tbody tr').nth(9).waitFor();
  const from = new Date(END - 86_400_000).toISOString();
  const { data } = await scene.api<WindowsAnswer>(
    `/v1/pipelines/storefront/windows/product_trade?bucket=day&from=${from}&to=${new Date(END).toISOString()}&by=product&top=revenue_cents&limit=10&numbers=text`,
  );
  const cells = await cellsOf(page, 'Largest revenue_cents');
  expect(cells.map(([, product, n]) => [product, n?.replaceAll(',', '')])).toEqual(
    data.map(({ key, measures }) => [key['product'], measures['revenue_cents']]),
  );
  await choice(page, 'Pipeline').selectOption('top_products');
  await page.getByRole('table', { name: 'Largest viewed' }).locator('tbody tr').first().waitFor();
});

test('a funnel says how many came how far, of the first and of the one before', async () => {
  const page = await scene.look('?pipeline=conversion_funnel&period=month');
  await page
    .getByRole('table', { name: /^funnel/ })
    .locator('tbody tr')
    .nth(2)
    .waitFor();
  const cells = await cellsOf(page, 'funnel');
  const counts = cells.map(([, n]) => Number(n?.replaceAll(',', '')));
  expect(cells.map(([step]) => step)).toEqual(['view', 'cart', 'buy']);
  expect(counts[0]).toBeGreaterThan(0);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  expect(cells[1]?.[2]).toBe(`${Math.round((100 * (counts[1] ?? 0)) / (counts[0] ?? 1))}\u00a0%`);
});

test('rejects are told by reason; their bodies when they are asked for, as text', async () => {
  const page = await scene.look();
  const counts = page.getByRole('group', { name: 'Which rejects' });
  const { data } = await scene.api<PipelineAnswer>('/v1/pipelines/storefront');
  await counts.getByRole('button').first().waitFor();
  expect(await counts.getByRole('button').allTextContents()).toEqual(
    Object.entries(data.rejects).map(([reason, n]) => `${reason} ${n}`),
  );
  await counts.getByRole('button', { name: 'schema' }).click();
  await page.waitForFunction(
    () =>
      new Set(
        [...document.querySelectorAll('section:has(#rejects) tbody td:nth-child(2)')].map((cell) => cell.textContent),
      ).size === 1,
  );
  expect(await page.locator('section:has(#rejects) pre').count()).toBe(0);
  await page.getByLabel('Show bodies').check();
  await page.locator('section:has(#rejects) pre').getByText(MARKUP.slice(0, 12)).first().waitFor();
});

test('markup in a key or a body is text: nothing of it becomes an element', async () => {
  const page = await scene.look(`?key.product=${encodeURIComponent(MARKUP)}`);
  await page.getByRole('button', { name: `Remove ${MARKUP}` }).waitFor();
  await page.locator('.legend').getByText(MARKUP).first().waitFor();
  await page.locator('.legend').getByText(MARKUP).first().waitFor();
  await windowsTable(page).getByText(MARKUP).first().waitFor();
  await page.getByLabel('Show bodies').check();
  await page.locator('section:has(#rejects) pre').getByText('<img').first().waitFor();
  await windowsTable(page)
    .getByRole('button', { name: /^Why\?/ })
    .first()
    .click();
  await page.getByRole('dialog').locator('pre').getByText('onerror').first().waitFor();
  expect(await page.locator('img').count()).toBe(0);
  expect(await page.title()).not.toBe('taken');
});

/** How many colours are on a canvas, alike ones together. */
const drawnColours = (canvas: ReturnType<Page['locator']>): Promise<number> =>
  canvas.evaluate((each) => {
    const { width, height } = each as HTMLCanvasElement;
    const { data } = (each as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height) ?? { data: [] };
    const seen = new Set<number>();
    for (let i = 0; i < data.length; i += 4)
      seen.add(
        (((data[i] ?? 0) >> 5) << 9) |
          (((data[i + 1] ?? 0) >> 5) << 6) |
          (((data[i + 2] ?? 0) >> 5) << 3) |
          ((data[i + 3] ?? 0) >> 5),
      );
    return seen.size;
  });
