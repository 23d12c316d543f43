import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import baskets from '../../../src/pipelines/baskets.ts';
import conversionFunnel from '../../../src/pipelines/conversion-funnel.ts';
import revenueByCountry from '../../../src/pipelines/revenue-by-country.ts';
import storefront from '../../../src/pipelines/storefront.ts';
import topProducts from '../../../src/pipelines/top-products.ts';
import { listen, type Listening } from '../../../src/server/index.ts';
import { message } from '../../support/message.ts';
import { run } from '../../support/orders.ts';
import { END, type Served, served } from '../shop.ts';
import { CHROMIUM, look as lookAt, type Looked, startBrowser } from './browser.ts';

export const PIPELINES = [storefront, conversionFunnel, topProducts, baskets, revenueByCountry];
/** What somebody sent as a product, and as a reject, who hopes that a page takes it for markup. */
export const MARKUP = `<img src=x onerror="document.title='taken'">`;
/** Three of it were sold in one window. */
export const OFTEN = 'p-often';

/** Tests of the page, where there is a browser. */
export const browserTest = test.skipIf(CHROMIUM === undefined);

/** A shop with its page, for all tests of a file, in one browser. */
export interface PageScene {
  readonly shop: Served;
  readonly url: string;
  /** Opens a page; it is closed with the test, which fails where anything went wrong in it. */
  look(query?: string, options?: Parameters<typeof lookAt>[2], url?: string): Promise<Page>;
  /** One more purchase, in the last window of the traffic. */
  sell(event: Readonly<Record<string, unknown>>): Promise<void>;
  /** Another server, closed with the scene. */
  serve(app: Parameters<typeof listen>[0]): Promise<Listening>;
  /** What the API answers. */
  api<Body>(path: string): Promise<Body>;
}

export function pageScene(): PageScene {
  if (CHROMIUM === undefined)
    console.warn('tests of the page are skipped: Chromium is not installed. Fix: apt-get install chromium');
  let shop: Served;
  let browser: Browser;
  let open: Listening;
  const looked: Looked[] = [];
  const listening: Listening[] = [];

  beforeAll(async () => {
    if (CHROMIUM === undefined) return;
    [shop, browser] = await Promise.all([served(PIPELINES, { events: 800 }), startBrowser()]);
    await scene.sell({ product: MARKUP });
    for (let i = 0; i < 3; i++) await scene.sell({ product: OFTEN });
    await run(storefront, await shop.place.open(storefront), [[message(JSON.stringify({ id: MARKUP }))]]);
    open = await scene.serve(shop.app);
  });
  afterEach(async () => {
    const all = looked.splice(0);
    for (const { page } of all) await page.context().close();
    expect(all.flatMap(({ faults }) => faults)).toEqual([]);
  });
  afterAll(async () => {
    if (CHROMIUM === undefined) return;
    await browser.close();
    for (const each of listening) await each.close(0);
    await shop.close();
  });

  const scene: PageScene = {
    get shop() {
      return shop;
    },
    get url() {
      return open.url;
    },
    async look(query = '', options = {}, url = open.url) {
      const one = await lookAt(browser, `${url}/${query}`, options);
      looked.push(one);
      return one.page;
    },
    async sell(event) {
      const at = new Date(END - 5_000).toISOString();
      const given = { id: crypto.randomUUID(), type: 'purchase', at, user: 'u', session: 's', cents: 500, quantity: 1 };
      const whole = { ...given, currency: 'EUR', country: 'DE', device: 'mobile', ...event };
      await run(storefront, await shop.place.open(storefront), [[message(JSON.stringify(whole), { sentAt: END })]]);
    },
    async serve(app) {
      const server = await listen(app, { port: 0 });
      listening.push(server);
      return server;
    },
    async api<Body>(path: string) {
      return (await (await fetch(open.url + path)).json()) as Body;
    },
  };
  return scene;
}

/** The table of the windows themselves. */
export const windowsTable = (page: Page) => page.getByRole('table', { name: 'Windows', exact: true });
/** A select or an input with suggestions, by its label. */
export const choice = (page: Page, name: string) => page.getByRole('combobox', { name, exact: true });
