import { declared, knownOptions } from '../declared.ts';
import type { Duration } from '../duration.ts';
import { lengthOf } from './length.ts';
import type { Window } from '../window.ts';

export interface SessionOptions {
  /** How long nothing of a key comes until its session has ended. */
  readonly gap: Duration;
}

/** A {@link Window} whose ends are made by the events themselves. */
export interface SessionWindow extends Window<unknown> {
  readonly kind: 'session';
}

/**
 * Session windows: the events of one key, as long as none of them comes a whole gap after the one before. A session is `[first, last + gap)`; it ends, in
 * event time, a gap after its last event. An event that comes late may join two sessions into one.
 *
 * Whatever comes, in whatever order and by however many workers: the sessions are those of all events in order of time. One that is joined to a session that
 * begins earlier is gone; if it was final, `whenFinal` hears of it, see `FinalWindow.removed`. So an event is late as soon as what is final reaches its own
 * time, before any session of it could have ended: it may join one that is final. With `late: 'divert'` it does not, and no final session ever changes.
 *
 * @throws ConfigError for a gap of less than a millisecond.
 * @example
 * windowTable('visits', shopEvents, { window: session({ gap: '30m' }), key: { user: (e) => e.user }, measures: { events: count() } })
 */
export function session(options: SessionOptions): SessionWindow {
  const where = 'session({ gap })';
  const given: unknown = options;
  declared(typeof given !== 'string', where, 'options gap', given, `session({ gap: '${String(given)}' })`);
  knownOptions(options, ['gap'], where);
  const longest = lengthOf(options.gap, where);
  return {
    kind: 'session',
    shape: [longest],
    of: (time) => ({ start: time, end: time }),
    stored: undefined,
    longest,
  };
}
