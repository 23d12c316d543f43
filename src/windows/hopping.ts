import type { Duration } from '../duration.ts';
import { declared, knownOptions } from '../declared.ts';
import type { Micros } from '../event-time.ts';
import { lengthOf } from './length.ts';
import type { Window } from '../window.ts';
import { aligned } from './tumbling.ts';

/** Most windows that an event may be in: each of them is read from as many panes. */
const MAX_PANES = 1_440;

const EXAMPLE = "hopping({ size: '1h', every: '10m' })";

export interface HoppingOptions {
  /** How long each window is. */
  readonly size: Duration;
  /** How often one begins. */
  readonly every: Duration;
}

/** A {@link Window} of which each stored row, a pane, belongs to several windows. */
export interface HoppingWindow extends Window<unknown> {
  readonly kind: 'hopping';
  readonly stored: Micros;
}

/**
 * Hopping windows: of a fixed size, one beginning with every hop, so that they overlap; half-open, aligned to 1970-01-01T00:00:00Z. What is stored is
 * a pane a hop, once; a window is read from its panes, by the view `<table>_windows` and by the function `<table>_between(since, until)`.
 *
 * An event belongs to as many windows as there are hops in the size; that it is late revises those that are final, or where late events are diverted it is
 * late as soon as the first of them is final. When a window becomes final, its panes are rewritten: some 10 µs of Postgres each, once a hop and key.
 *
 * @throws ConfigError where the size is not a multiple of the hop, or of more than 1,440.
 * @example
 * hopping({ size: '1h', every: '10m' }) // the last hour, every ten minutes
 */
export function hopping(options: HoppingOptions): HoppingWindow {
  const where = 'hopping({ size, every })';
  const given: unknown = options;
  declared(typeof given !== 'string', where, 'options size, every', given, EXAMPLE);
  knownOptions(options, ['size', 'every'], where);
  const { size, every } = options;
  const [longest, hop] = [lengthOf(size, where), lengthOf(every, where)];
  declared(
    longest % hop === 0 && longest / hop <= MAX_PANES,
    where,
    `a size that is a multiple of the hop, ${MAX_PANES} hops at most`,
    `${size} every ${every}`,
    EXAMPLE,
  );
  return { kind: 'hopping', shape: [longest, hop], of: aligned(hop), stored: hop, longest };
}
