import { test } from 'vitest';
import { EMPTY } from 'rxjs';
import { z } from 'zod';
import {
  acknowledge,
  count,
  decode,
  epochMicros,
  eventTable,
  exactDistinct,
  foldInto,
  json,
  pipeline,
  session,
  sum,
  transaction,
  tumbling,
  windowTable,
  type Window,
} from '../../src/index.ts';
import { together } from '../contracts/store-under-test.ts';
import { atOnce, run } from '../support/orders.ts';
import { postgresPlace } from '../support/postgres-place.ts';

const Click = z.object({ id: z.string(), at: z.number(), user: z.string(), cents: z.number() });
const made = (name: string, window: Window<unknown> | undefined, items = false) => {
  const clicks = eventTable('clicks', {
    schema: Click,
    id: (e) => e.id,
    time: (e) => epochMicros(e.at),
    keep: 'forever',
  });
  if (!window)
    return pipeline(name, [clicks], ({ messages, store }) =>
      messages.pipe(
        decode(json(clicks)),
        transaction(store, { once: clicks, retry: atOnce, events: 10_000 }, () => EMPTY),
        acknowledge(),
      ),
    );
  const t = windowTable('w', clicks, {
    window,
    key: { user: (e) => e.user },
    measures: {
      n: count(),
      cents: sum((e) => e.cents),
      ...(items ? { d: exactDistinct((e: z.infer<typeof Click>) => String(e.cents)) } : {}),
    },
  });
  return pipeline(name, [clicks, t], ({ messages, store }) =>
    messages.pipe(
      decode(json(clicks)),
      transaction(store, { once: clicks, retry: atOnce, events: 10_000 }, (f) => f.pipe(foldInto(t))),
      acknowledge(),
    ),
  );
};
const START = Date.UTC(2026, 0, 1) * 1000;
const cpu = (pid: number) => {
  const f = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(f[11]) + Number(f[12])) * 10;
};


import postgres from 'postgres';
import { writeFileSync } from 'node:fs';
import { driverOptions } from '../../src/sinks/postgres/connect.ts';
import { targetOf } from '../../src/sinks/postgres/target.ts';
test('profile', { timeout: 600_000 }, async () => {
    const place = await postgresPlace();
    const graph = made('bench', process.env['TUMBLING'] ? tumbling('10m') : session({ gap: '2m' }), false);
    const db = place.database({ connections: 1 });
    await db.migrate(graph);
    const store = await db.open(graph, { worker: 'a' });
    let seed = 1; const pick = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    const out: string[] = [];
    const own = postgres({ ...driverOptions(targetOf(place.url), { max: 1, lockMs: 0, statementMs: 0, socketMs: 60000, isWaiting: () => true }), onnotice: (n) => out.push(String(n['message'])) } as never);
    await own.unsafe("load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set auto_explain.log_level = 'notice'").simple();
    const spread = process.env['SPREAD'] ?? 'dense';
    const flush = (n: number) => Array.from({ length: 5000 }, (_, i) => {
      const at = spread === 'shuffled' ? pick(40 * 60_000) : spread === 'sparse' ? n * 600_000 + pick(600_000) : n * 60_000 + pick(60_000);
      return { id: `${n}-${i}`, at: START + at * 1000, user: `user-${pick(2000)}`, cents: pick(100) };
    });
    const run0 = db.connection.run;
    const all: number[][] = [];
    for (let n = 0; n < 40; n++) {
      if (n > 8) (db.connection as { run: unknown }).run = async (text: string, parameters: string[] = []) => [...(await own.unsafe(text, [...parameters], { prepare: true }))];
      out.length = 0;
      await run(graph, store, [together(flush(n))]);
      if (n > 9) all.push(out.filter((o) => o.startsWith('duration')).map((o) => Number(/duration: ([0-9.]+)/.exec(o)![1])));
    }
    const m = all[0]!.map((_, i) => all.map((a) => a[i]!).sort((a, b) => a - b)[5]!);
    console.log(spread, 'ms by statement (lower quintile)', m.join(' '));
    (db.connection as { run: unknown }).run = run0;
    await own.end();
    await place.close();
});
