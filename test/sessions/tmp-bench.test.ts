import { readFileSync } from 'node:fs';
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

test('bench', { timeout: 600_000 }, async () => {
  for (const spread of ['dense', 'sparse', 'shuffled'] as const)
    for (const [name, window, items] of [
      ['none', undefined],
      ['tumbling', tumbling('10m')],
      ['session', session({ gap: '2m' })],
      ['tumbling items', tumbling('10m'), true],
      ['session items', session({ gap: '2m' }), true],
    ] as [string, Window<unknown> | undefined, boolean?][]) {
      const place = await postgresPlace();
      const graph = made('bench', window, items);
      const db = place.database({ connections: 1 });
      await db.migrate(graph);
      const store = await db.open(graph, { worker: 'a' });
      const [{ pid }] = (await db.connection.run<{ pid: number }>('select pg_backend_pid() as pid')) as [
        { pid: number },
      ];
      let seed = 1;
      const pick = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
      const FLUSHES = 40;
      // 5,000 events of a minute (dense), of ten minutes (sparse), or of the whole time (shuffled)
      const flush = (n: number) =>
        Array.from({ length: 5000 }, (_, i) => {
          const at =
            spread === 'shuffled'
              ? pick(FLUSHES * 60_000)
              : spread === 'dense'
                ? n * 60_000 + pick(60_000)
                : n * 600_000 + pick(600_000);
          return { id: `${n}-${i}`, at: START + at * 1000, user: `user-${pick(2000)}`, cents: pick(100) };
        });
      let before = 0;
      const times: number[] = [];
      for (let n = 0; n < FLUSHES; n++) {
        if (n === 10) before = cpu(pid);
        const messages = together(flush(n));
        const t = performance.now();
        await run(graph, store, [messages]);
        if (n >= 10) times.push(performance.now() - t);
      }
      const us = ((cpu(pid) - before) * 1000) / ((FLUSHES - 10) * 5000);
      const rows = window ? await place.query('select count(*) as n from w') : [];
      await db.connection.run('select pg_stat_force_next_flush()').catch(() => []);
      const scans = await place.query(
        `select relname, seq_scan, idx_scan, n_tup_hot_upd, n_tup_upd from pg_stat_user_tables where relname like 'w%'`,
      );
      console.log(
        spread,
        name,
        us.toFixed(2),
        'us/event CPU; median flush ms',
        times.sort((a, b) => a - b)[15]!.toFixed(0),
        JSON.stringify(rows),
        JSON.stringify(scans),
        pid,
      );
      await place.close();
    }
});
