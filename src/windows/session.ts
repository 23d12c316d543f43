import type { Duration } from '../duration.ts';
import { lengthOf } from './length.ts';
import type { Window } from '../window.ts';

/** A {@link Window} whose ends are made by the events themselves. */
export interface SessionWindow extends Window<unknown> {
  readonly kind: 'session';
}

/**
 * Session windows: the events of one key, as long as none of them comes a whole gap after the one before. A session is `[first, last + gap)`; it ends, in
 * event time, a gap after its last event. An event that comes late may join two sessions into one.
 *
 * @throws ConfigError for a gap of less than a millisecond.
 * @example
 * windowTable('visits', shopEvents, { window: session({ gap: '30m' }), key: { user: (e) => e.user }, measures: { events: count() } })
 */
export function session({ gap }: { readonly gap: Duration }): SessionWindow {
  const longest = lengthOf(gap, 'session({ gap })');
  return {
    kind: 'session',
    shape: [longest],
    of: (time) => ({ start: time, end: time }),
    stored: undefined,
    longest,
  };
}
