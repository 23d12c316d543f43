import { createHash } from 'node:crypto';
import type { Books } from './books.ts';
import type { Observer } from './observer.ts';
import type { ExpectedReject, Line, Shipment } from './shipments.ts';

/** Asked at each DeleteMessageBatch, before the queue hears of it. */
export interface DeleteGuard {
  /** What of these messages is not in the database; `undefined` when all of it is. While the database is down, it waits. */
  missing(shipments: readonly Shipment[]): Promise<string | undefined>;
  readonly checked: { messages: number; events: number; rejects: number };
}

/** Looks into the real Postgres, past every fault: each event must be counted in the raw table, or be kept as a reject. */
export function deleteGuard(
  eyes: Observer,
  lines: ReadonlyMap<Line, { readonly books: Books; readonly queue: string }>,
): DeleteGuard {
  const checked = { messages: 0, events: 0, rejects: 0 };

  /** A subquery an event, so that each is looked up in the index whatever the planner believes of a growing table. */
  async function missingEvents({ eventTable, idType }: Books, of: readonly Shipment[]): Promise<string | undefined> {
    const rows = await eyes.ask<{ id: string; us: string }>(
      `select g.id::text as id, g.us::text as us from rows from (unnest($1::text::${idType}[]), unnest($2::text::bigint[])) as g (id, us)
       where (select count(*) from ${eventTable} e
         where e.event_time = timestamptz 'epoch' + g.us * interval '1 microsecond' and e.event_id = g.id and e.counted) = 0
       limit 10`,
      [joined(of.map(({ manifest }) => manifest.ids)), joined(of.map(({ manifest }) => manifest.times))],
    );
    if (rows.length === 0) return undefined;
    return `events not counted: ${rows.map(({ id, us }) => `${id} at ${new Date(Number(us) / 1_000).toISOString()}`).join(', ')}`;
  }

  async function missingRejects(books: Books, queue: string, of: readonly Shipment[]): Promise<string | undefined> {
    const expected = of.flatMap(({ manifest, messageId }) =>
      manifest.rejects.map((reject) => ({ ...reject, identity: identityOf(reject, queue, messageId) })),
    );
    if (expected.length === 0) return undefined;
    checked.rejects += expected.length;
    const rows = await eyes.ask<{ identity: string; reason: string }>(
      `select g.identity, g.reason from jsonb_to_recordset($1::text::jsonb) as g (identity text, reason text, body text)
       where not exists (select from scalestream.rejects r
         where r.pipeline = $2 and r.identity = g.identity and r.reason = g.reason and r.body = convert_to(g.body, 'UTF8'))`,
      [JSON.stringify(expected), books.pipeline],
    );
    if (rows.length === 0) return undefined;
    return `rejects not kept: ${rows.map(({ identity, reason }) => `${identity} (${reason})`).join(', ')}`;
  }

  return {
    checked,
    async missing(of) {
      const [first] = of;
      const line = first && lines.get(first.manifest.line);
      if (!line) return undefined;
      const withEvents = of.filter(({ manifest }) => manifest.events > 0);
      const found = await Promise.all([
        withEvents.length > 0 ? missingEvents(line.books, withEvents) : undefined,
        missingRejects(line.books, line.queue, of),
      ]);
      checked.messages += of.length;
      for (const { manifest } of of) checked.events += manifest.events;
      const said = found.filter((each) => each !== undefined);
      if (said.length === 0) return undefined;
      const messages = of.map(
        ({ serial, messageId, deliveries }) => `${serial} (${messageId}, delivery ${deliveries})`,
      );
      return `DeleteMessageBatch of '${line.queue}', messages ${messages.join(', ')}: ${said.join('; ')}`;
    },
  };
}

const joined = (arrays: readonly string[]): string => `{${arrays.map((array) => array.slice(1, -1)).join()}}`;

/** As ARCHITECTURE.md words it: its body where that names its own event, otherwise message and place. */
function identityOf({ body, ordinal }: ExpectedReject, queue: string, messageId: string): string {
  if (ordinal === undefined) return `event ${createHash('sha256').update(body).digest('hex')}`;
  return `message ${queue} ${messageId}#${ordinal}`;
}
