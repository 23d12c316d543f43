import { declared, isRecord, knownOptions } from './declared.ts';
import { type Duration, milliseconds, spoken } from './duration.ts';
import { ConfigError } from './errors.ts';

/**
 * For producers that stamp an event anew when they send it again: the id alone decides, whatever the time, among events that are dated at most `within`
 * apart. The first one that comes counts; what else has its id is a repeat, whatever it says, so there are no id conflicts.
 *
 * Delivery: no two events of one id count that are at most `within` apart, so long as their id is remembered: until the watermark is past by `within` and
 * the table's `lateness`. What comes later than that with a time of its own counts again; the same event again never does, since its row is still
 * there. An event dated more than `within` *before* the last one of its id cannot be told from a repeat: it is kept with `counted = false`.
 * With `late: 'divert'`, an event that is late and whose id is not known is kept so as well, and does not stand for its id: a retry that comes in time counts.
 */
export interface DedupeOptions {
  readonly by: 'id';
  /** How far apart in event time two events of one id may be dated and still be one: as long as a producer tries again. At most `keep`. */
  readonly within: Duration;
}

/** See {@link DedupeOptions}. */
export interface Dedupe {
  /** Milliseconds. */
  readonly within: number;
}

/**
 * The dedupe that a declaration means.
 *
 * @param keptMs how long ids and times are kept: a repeat with the same time is found by them.
 * @throws ConfigError when it is none, or the ids are derived from what a retry changes.
 */
export function asDedupe(
  dedupe: DedupeOptions | undefined,
  keptMs: number,
  isContent: boolean,
  where: string,
): Dedupe | undefined {
  if (dedupe === undefined) return undefined;
  const fix = "dedupe: { by: 'id', within: '7d' }";
  declared(isRecord(dedupe), `${where} dedupe`, 'by and within', dedupe, fix);
  knownOptions<DedupeOptions>(dedupe, ['by', 'within'], `${where} dedupe`);
  declared(dedupe.by === 'id', `${where} dedupe by`, "'id'", dedupe.by, fix);
  if (isContent) {
    throw new ConfigError({
      where: `${where} dedupe`,
      expected: 'an id that stays when an event is stamped anew',
      got: "id: 'content', which changes with it",
      fix: 'leave dedupe out, or declare an id',
    });
  }
  const within = milliseconds(dedupe.within, `${where} dedupe within`);
  if (within <= keptMs) return { within };
  throw new ConfigError({
    where: `${where} dedupe within`,
    expected: `at most ${spoken(keptMs)}, the table's keep: older events are rejects`,
    got: spoken(within),
    fix: 'keep events longer, or shorten within',
  });
}
