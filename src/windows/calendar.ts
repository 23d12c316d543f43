import { declared, isRecord, knownOptions } from '../declared.ts';
import { MICROS_PER_MS, type Micros } from '../event-time.ts';
import type { Span, Window } from '../window.ts';

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;

/** So much a day may have more than 24 hours, at most: a zone crossed the date line to the east. */
const EXTRA = MS_PER_DAY;

/** Units of the calendar, and the most milliseconds that one may have. */
const UNITS = {
  hour: MS_PER_HOUR,
  day: MS_PER_DAY + EXTRA,
  week: 7 * MS_PER_DAY + EXTRA,
  month: 31 * MS_PER_DAY + EXTRA,
} as const;

export type CalendarUnit = keyof typeof UNITS;

export interface CalendarOptions<T> {
  /** A zone of the IANA database, as `'Europe/Berlin'`; or the zone of each event, which becomes the key column `zone`. Default `'UTC'`. */
  readonly zone?: string | ((event: T) => string);
}

/**
 * Windows of the calendar: hours, days, weeks (from Monday) or months as clocks show them in a time zone. Half-open. A day may have 23 or 25 hours, or
 * any other number that the zone's rules gave it. Zones are named by region and place. The rules are those of the running Node (`process.versions.tz`).
 *
 * @throws ConfigError for a unit or zone that is unknown. A zone of an event that is unknown makes that event a reject.
 * @example
 * calendar('day', { zone: 'Europe/Berlin' })
 * calendar('day', { zone: (e) => e.shop.zone })
 */
export function calendar<T = unknown>(unit: CalendarUnit, options: CalendarOptions<T> = {}): Window<T> {
  const where = `calendar('${unit}')`;
  const given: boolean = isRecord(options);
  declared(given, where, 'options', options, "calendar('day', { zone: 'Europe/Berlin' })");
  knownOptions<CalendarOptions<T>>(options, ['zone'], where);
  const { zone = 'UTC' } = options;
  declared(Object.hasOwn(UNITS, unit), where, 'hour, day, week or month', unit, "calendar('day')");
  const longest = UNITS[unit] * MICROS_PER_MS;
  const common = { kind: 'calendar', stored: undefined, longest } as const;
  if (typeof zone === 'function') {
    const known = new Map<string, Zone>();
    const named = (given: string): Zone => {
      let found = known.get(given);
      if (!found) {
        const name = zoneNamed(given, where);
        known.set(given, (found = { name, of: spansOf(unit, name) }));
      }
      return found;
    };
    return {
      ...common,
      shape: [unit, '*'],
      of: (time, event) => named(zone(event)).of(time),
      zone: (event) => named(zone(event)).name,
    };
  }
  const name = zoneNamed(zone, where);
  return { ...common, shape: [unit, name], of: spansOf(unit, name) };
}

interface Zone {
  readonly name: string;
  readonly of: (time: Micros) => Span;
}

/**
 * The zone by its own spelling. Only names of a region and place, and UTC: abbreviations and offsets are read otherwise by Postgres, to which `CET` has no
 * summer, and `+02:00` is west of Greenwich.
 */
function zoneNamed(zone: string, where: string): string {
  let name: string | undefined;
  try {
    name = Temporal.Now.zonedDateTimeISO(zone).timeZoneId;
  } catch {
    name = undefined;
  }
  declared(
    name !== undefined && (name === 'UTC' || name.includes('/')),
    `${where} zone`,
    'a zone of the IANA database, by region and place, or UTC',
    zone,
    "zone: 'Europe/Berlin'",
  );
  return name;
}

const MICROS_PER_QUARTER = 900_000_000;
/** Quarters of an hour that are remembered: of a year, more or less. */
const REMEMBERED = 35_000;

/** Nearly all zones change at quarters of an hour, so what holds for one moment of it mostly holds for all; it is checked. */
function spansOf(unit: CalendarUnit, zone: string): (time: Micros) => Span {
  let last: Span = { start: Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  const known = new Map<number, Span>();
  return (time) => {
    if (time >= last.start && time < last.end) return last;
    const quarter = Math.floor(time / MICROS_PER_QUARTER);
    const found = known.get(quarter);
    if (found && time >= found.start && time < found.end) return (last = found);
    last = spanAt(unit, zone, time);
    if (known.size >= REMEMBERED) known.clear();
    known.set(quarter, last);
    return last;
  };
}

function spanAt(unit: CalendarUnit, zone: string, time: Micros): Span {
  const at = Temporal.Instant.fromEpochMilliseconds(Math.floor(time / MICROS_PER_MS)).toZonedDateTimeISO(zone);
  if (unit === 'hour') return hourAt(at);
  const day = at.startOfDay();
  const first =
    unit === 'day'
      ? day
      : unit === 'week'
        ? day.subtract({ days: day.dayOfWeek - 1 }).startOfDay()
        : day.with({ day: 1 }).startOfDay();
  const next = first.add({ [`${unit}s`]: 1 }).startOfDay();
  return { start: first.epochMilliseconds * MICROS_PER_MS, end: next.epochMilliseconds * MICROS_PER_MS };
}

/**
 * The hour that clocks show, from full to full: where they are put forward or back within it, it ends, or begins, there. So an hour that comes twice is two
 * windows, and one of a zone that moves by half an hour may be half as long.
 */
function hourAt(at: Temporal.ZonedDateTime): Span {
  const full = at.epochMilliseconds - (at.minute * 60_000 + at.second * 1_000 + at.millisecond);
  const before = at.add({ milliseconds: 1 }).getTimeZoneTransition('previous')?.epochMilliseconds;
  const after = at.getTimeZoneTransition('next')?.epochMilliseconds;
  const start = Math.max(full, before ?? full);
  const end = Math.min(full + MS_PER_HOUR, after ?? Number.POSITIVE_INFINITY);
  return { start: start * MICROS_PER_MS, end: end * MICROS_PER_MS };
}
