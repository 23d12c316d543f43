import { expect, test, vi } from 'vitest';
import storefront from '../../src/pipelines/storefront.ts';
import { windowData } from '../../src/telemetry/grafana/window-data.ts';
import { PATIENCE, shop } from '../faults/shop.ts';

/** What Grafana's Postgres source makes of its macros. */
const expanded = (sql: string): string => {
  const [from, to] = [-8 * 3_600_000, 60_000].map((ms) => `'${new Date(Date.now() + ms).toISOString()}'`) as [
    string,
    string,
  ];
  return sql
    .replaceAll(/\$__timeFilter\((\w+)\)/g, (_, column: string) => `${column} between ${from} and ${to}`)
    .replaceAll('$__timeFrom()', from)
    .replaceAll('$__timeTo()', to);
};

test('no panel of window data is empty: each statement runs in Postgres, with the rights of who only reads', async () => {
  const set = await shop();
  const hired = await set.hire();
  await set.trade.send(400);
  await set.queue.send(['{"no":"event"}']);
  await vi.waitFor(async () => expect(await set.counted()).toBe(2_000), PATIENCE);
  await hired.leave();
  const panels = windowData(storefront).rows.flatMap((row) => row.panels);
  expect(panels.length).toBeGreaterThan(8);
  const role = `reader_${set.database.name}`;
  await set.sql.unsafe(`create role ${role}; grant pg_read_all_data to ${role}`);
  try {
    for (const { title, kind, queries } of panels) {
      if (typeof queries !== 'string') throw new Error(`'${title}' asks no Postgres`);
      const rows = await set.sql.begin('read only', async (sql) => {
        await sql.unsafe(`set local role ${role}`);
        return sql.unsafe<Record<string, unknown>[]>(expanded(queries));
      });
      expect(rows.length, title).toBeGreaterThan(0);
      if (kind !== 'timeseries') continue;
      expect(rows[0]?.['time'], title).toBeInstanceOf(Date);
      expect(
        rows.some((row) => Object.values(row).some((value) => typeof value === 'number')),
        title,
      ).toBe(true);
    }
  } finally {
    await set.sql.unsafe(`drop role ${role}`);
  }
});
