import { type Message, SQSClient } from '@aws-sdk/client-sqs';
import postgres from 'postgres';
import { Consumer } from 'sqs-consumer';
import { contend } from './contend.ts';

const INSTANCES = 6;

interface ShopEvent {
  readonly id: string;
  readonly type: string;
  readonly at: string;
  readonly product?: string;
  readonly country: string;
  readonly currency?: string;
  readonly cents?: number;
}

/**
 * What one writes without an engine: sqs-consumer with a batch handler, and in one transaction an insert that returns the ids it had not seen
 * and an upsert of the windows, folded in JavaScript. Tuned: one parameter a statement, six consumers, MD5 off. See the README for what it lacks.
 */
await contend(async ({ databaseUrl, endpoint, region, queueUrl, accessKeyId, secretAccessKey, messages }) => {
  const sql = postgres(databaseUrl, { max: INSTANCES, fetch_types: false, onnotice: () => undefined });
  await sql.unsafe(`
    create table raw (at timestamptz, id uuid, event json not null, primary key (at, id));
    create table trade (start timestamptz, product text collate "C", events bigint, carts bigint, revenue bigint, primary key (start, product)) with (fillfactor = 70);
    create table sales (start timestamptz, country text collate "C", currency text collate "C", purchases bigint, revenue bigint, largest bigint,
      primary key (start, country, currency)) with (fillfactor = 70);`);
  const sqs = new SQSClient({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, md5: false });
  let deleted = 0;

  const handle = async (received: Message[]): Promise<Message[]> => {
    const events = received.flatMap(({ Body = '[]' }) => {
      const body = JSON.parse(Body) as ShopEvent | ShopEvent[];
      return Array.isArray(body) ? body : [body];
    });
    events.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.id < b.id ? -1 : 1));
    await sql.begin(async (tx) => {
      const fresh = await tx`
        insert into raw select (e ->> 'at')::timestamptz, (e ->> 'id')::uuid, e from json_array_elements(${JSON.stringify(events)}::text::json) e
        on conflict do nothing returning id`;
      const ids = new Set(fresh.map(({ id }) => id as string));
      const { trade, sales } = fold(events.filter((event) => ids.has(event.id)));
      await tx`
        insert into trade as w select * from json_to_recordset(${JSON.stringify(trade)}::text::json)
          as x (start timestamptz, product text, events bigint, carts bigint, revenue bigint) order by start, product collate "C"
        on conflict (start, product) do update set events = w.events + excluded.events, carts = w.carts + excluded.carts, revenue = w.revenue + excluded.revenue`;
      await tx`
        insert into sales as w select * from json_to_recordset(${JSON.stringify(sales)}::text::json)
          as x (start timestamptz, country text, currency text, purchases bigint, revenue bigint, largest bigint) order by start, country collate "C", currency collate "C"
        on conflict (start, country, currency) do update
          set purchases = w.purchases + excluded.purchases, revenue = w.revenue + excluded.revenue, largest = greatest(w.largest, excluded.largest)`;
    });
    return received;
  };

  const { promise: settled, resolve, reject } = Promise.withResolvers<void>();
  const consumers = Array.from({ length: INSTANCES }, () => {
    let handled = 0;
    const consumer = Consumer.create({
      sqs,
      queueUrl,
      useQueueUrlAsEndpoint: false,
      batchSize: 10,
      waitTimeSeconds: 1,
      async handleMessageBatch(received) {
        const done = await handle(received);
        handled = received.length;
        return done;
      },
    });
    consumer.on('error', (error) => reject(error));
    consumer.on('processing_error', (error) => reject(error));
    // Emitted once the handled messages are deleted.
    consumer.on('response_processed', () => {
      deleted += handled;
      handled = 0;
      if (deleted >= messages) resolve();
    });
    return consumer;
  });
  return {
    async run() {
      for (const consumer of consumers) consumer.start();
      await settled;
    },
    async close() {
      for (const consumer of consumers) consumer.stop({ abort: true });
      await sql.end({ timeout: 5 });
      sqs.destroy();
    },
  };
});

function fold(events: readonly ShopEvent[]) {
  const trade = new Map<string, { start: string; product: string; events: number; carts: number; revenue: number }>();
  const sales = new Map<
    string,
    { start: string; country: string; currency: string; purchases: number; revenue: number; largest: number }
  >();
  for (const { type, at, product = '(none)', country, currency = '(none)', cents = 0 } of events) {
    const start = `${at.slice(0, 18)}0Z`;
    let row = trade.get(start + product);
    if (!row) trade.set(start + product, (row = { start, product, events: 0, carts: 0, revenue: 0 }));
    row.events++;
    if (type === 'add_to_cart') row.carts++;
    if (type !== 'purchase') continue;
    row.revenue += cents;
    const minute = `${at.slice(0, 16)}:00Z`;
    let sale = sales.get(minute + country + currency);
    if (!sale)
      sales.set(
        minute + country + currency,
        (sale = { start: minute, country, currency, purchases: 0, revenue: 0, largest: 0 }),
      );
    sale.purchases++;
    sale.revenue += cents;
    sale.largest = Math.max(sale.largest, cents);
  }
  return { trade: [...trade.values()], sales: [...sales.values()] };
}
