import {
  acknowledge,
  count,
  countIf,
  decode,
  exactDistinct,
  foldInto,
  json,
  max,
  pipeline,
  session,
  sum,
  toTable,
  transaction,
  tumbling,
  whenFinal,
  windowTable,
} from '../../src/index.ts';
import { type Fact, facts } from '../measures/facts.ts';
import { atOnce } from '../support/orders.ts';

export const GAP_MS = 10_000;
const MINUTE_MS = 60_000;

export const visits = windowTable('visits', facts, {
  window: session({ gap: '10s' }),
  key: { user: (e) => e.user as string },
  measures: { events: count(), bought: countIf((e) => e.step === 'buy'), pages: exactDistinct((e) => e.page) },
});

/** Of the visits that began in a minute, by whether they were long. */
export const perMinute = windowTable('per_minute', visits, {
  window: tumbling('1m'),
  key: { long: (visit) => (Number(visit.measures.events) > 2 ? 'long' : 'short') },
  measures: {
    visits: count(),
    buying: countIf((visit) => visit.measures.bought !== '0'),
    events: sum((visit) => visit.measures.events),
    most: max((visit) => visit.measures.pages),
    users: exactDistinct((visit) => visit.key.user),
  },
});

const finals = whenFinal(perMinute, toTable('per_minute_final'));

export const visiting = pipeline('visiting', [facts, visits, perMinute, finals], ({ messages, store }) =>
  messages.pipe(
    decode(json(facts)),
    transaction(store, { once: facts, retry: atOnce }, (fresh$) => fresh$.pipe(foldInto(visits))),
    acknowledge(),
  ),
);

/** The rows of both tables, by the shortest way that can be right. */
export function naively(all: readonly Fact[]) {
  const sessions = [...Map.groupBy(all, ({ user }) => user as string)].flatMap(([user, events]) => {
    const parts: Fact[][] = [];
    for (const event of events.toSorted((a, b) => a.at - b.at)) {
      const last = parts.at(-1);
      if (last && event.at - (last.at(-1) as Fact).at < GAP_MS) last.push(event);
      else parts.push([event]);
    }
    return parts.map((part) => ({
      start: part[0]?.at as number,
      user,
      events: part.length,
      bought: part.filter(({ step }) => step === 'buy').length,
      pages: new Set(part.map(({ page }) => page)).size,
    }));
  });
  const minutes = Map.groupBy(sessions, ({ start, events }) =>
    JSON.stringify([start - (start % MINUTE_MS), events > 2 ? 'long' : 'short']),
  );
  return [...minutes]
    .map(([identity, group]): [[number, string], typeof group] => [JSON.parse(identity), group])
    .sort(([[a, k]], [[b, l]]) => a - b || (k < l ? -1 : 1))
    .map(([[start, long], group]) => ({
      window_start: new Date(start).toISOString(),
      long,
      visits: String(group.length),
      buying: String(group.filter(({ bought }) => bought > 0).length),
      events: String(group.reduce((total, { events }) => total + events, 0)),
      most: String(Math.max(...group.map(({ pages }) => pages))),
      users: String(new Set(group.map(({ user }) => user)).size),
    }));
}
