import type { HonoRequest } from 'hono';
import type { AnyEvent, EventTable } from '../../event-table.ts';
import { idsOf, newIds } from './given-ids.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { type Ingest, within } from './ingest.ts';
import { type EventProblem, type GivenId, judge } from './judge.ts';
import { mediaOf } from './media.ts';
import { busy, closing, noneAccepted, notSent } from './problems.ts';
import { leaseFor, readBody } from './read-body.ts';
import { recordsIn } from './records.ts';
import type { Lease } from './room.ts';

/** What became of the events of a request. */
export interface IngestAnswer {
  /** How many the queue has. */
  readonly accepted: number;
  readonly rejected: number;
  /** Why the others were not accepted, in order. */
  readonly problems: readonly EventProblem[];
  /** Ids of those that came without one: whoever sends such an event again sends its id too. */
  readonly given: readonly GivenId[];
}

/** Receives the events of a pipeline: reads, judges, sends, and answers once the queue has accepted what is good. */
export function receive(events: EventTable<AnyEvent>, ingest: Ingest) {
  const { limits, clock } = ingest;
  const judged = judge(events);
  const newId = newIds(clock.now);

  /** @throws Problem where nothing of it is sent. */
  async function understand(request: HonoRequest, sender: readonly string[], lease: Lease) {
    const media = mediaOf(request.header('content-type'), request.header('content-encoding'));
    const key = idempotencyKey(request.header('idempotency-key'));
    const text = await readBody(request, media, limits, lease);
    const records = recordsIn(text, media.kind, limits.maxEvents);
    if (!lease.resize(text.length)) throw busy();
    const idOf = key === undefined ? newId : idsOf([...sender, key]);
    return judged(records, { now: clock.now(), mostBytes: limits.maxEventBytes, idOf });
  }

  /**
   * @param sender whose keys of idempotency are apart from those of others.
   * @throws Problem that says what was expected; for 422 and 503 with what became of each event.
   */
  return async (request: HonoRequest, sender: readonly string[]): Promise<IngestAnswer> => {
    if (ingest.isClosed) throw closing();
    const lease = leaseFor(request.header('content-length'), limits, ingest.room);
    const { texts, indexes, problems, given } = await understand(request, sender, lease).catch((error: unknown) => {
      lease.end();
      throw error;
    });
    const posted = ingest.post(texts);
    void posted.settled.then(lease.end);
    await within(posted.settled, limits.deadlineMs, clock);
    const unsent = posted.unsent().map((place) => indexes[place] as number);
    const answer = { accepted: texts.length - unsent.length, rejected: problems.length, problems, given };
    if (unsent.length > 0) throw notSent(answer, unsent);
    if (answer.accepted === 0) throw noneAccepted(answer);
    return answer;
  };
}
