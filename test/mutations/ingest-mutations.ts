import type { Mutation } from './mutation.ts';

const suites = ['server/ingest.test.ts', 'server/ingest-fuzz.test.ts'];

/** What the way in for events does so that whoever was told "accepted" was told the truth, and nobody fills the memory. */
export const ingestMutations: readonly Mutation[] = [
  {
    name: 'a request is answered before the queue has its events',
    file: 'server/ingest/receive.ts',
    find: 'const unsent = posted.unsent()',
    replace: 'const unsent = posted.unsent().slice(texts.length)',
    suites,
  },
  {
    name: 'an event alone travels bare, so that it may pass for an envelope',
    file: 'server/ingest/post.ts',
    find: "`[${events.join(',')}]`",
    replace: "(events.length === 1 ? String(events[0]) : `[${events.join(',')}]`)",
    suites,
  },
  {
    name: 'what was sent is not known again where a trace went along',
    file: 'server/ingest/post.ts',
    find: 'onSent: (message) => settle(message as Letter, true),',
    replace: 'onSent: (message) => batch.includes(message) && settle(message as Letter, true),',
    suites,
  },
  {
    name: 'what is on its way no longer counts once its request is answered',
    file: 'server/ingest/receive.ts',
    find: 'await within(posted.settled, limits.deadlineMs, clock);',
    replace: 'await within(posted.settled, limits.deadlineMs, clock);\n    lease.end();',
    suites,
  },
  {
    name: 'there is always room',
    file: 'server/ingest/room.ts',
    find: 'if (held + bytes > most) return undefined;',
    replace: 'if (held + bytes > most && bytes < 0) return undefined;',
    suites,
  },
  {
    name: 'the ids that a request is given change when it comes again',
    file: 'server/ingest/receive.ts',
    find: 'key === undefined ? newId',
    replace: 'key === undefined || key !== sender[0] ? newId',
    suites,
  },
];
