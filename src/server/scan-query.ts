import type { AnyEvent } from '../event-table.ts';
import { interval } from '../sinks/postgres/instant.ts';
import { quoteName } from '../sinks/postgres/quote.ts';
import { type Stored, storedOf } from '../stored.ts';
import type { WindowTable } from '../window-table.ts';
import { Problem } from './problem.ts';
import type { ReadDatabase } from './read-database.ts';
import type { Limits } from './serving.ts';
import { type Given, given, type Statement } from './statement-parts.ts';
import { keyConditions, type WindowsAsked } from './window-query.ts';

/**
 * Refuses a question that would read too much, before it is asked: rows are counted up to the limit, which is all that this costs. A page that is cut out of the
 * primary key in its order reads what it shows, and need not be counted.
 *
 * @throws Problem
 */
export async function refuseTooMuch(
  database: ReadDatabase,
  table: WindowTable<AnyEvent>,
  asked: WindowsAsked,
  { maxWindows, maxBuckets }: Limits,
): Promise<void> {
  const statement = scanStatement(table, asked, maxWindows);
  if (!statement) return;
  const [row] = await database.read<ScanRow>(statement.text, statement.parameters);
  const [rows, buckets, groups] = [Number(row?.rows ?? 0), Number(row?.buckets ?? 0), Number(row?.groups ?? 1)];
  if (rows > maxWindows)
    throw tooMuch(`at most ${maxWindows} rows of windows and items to be read`, `more than ${maxWindows}`);
  if (buckets > maxBuckets) throw tooMuch(`at most ${maxBuckets} buckets`, `${buckets}`);
  if (buckets * groups > maxWindows)
    throw tooMuch(`at most ${maxWindows} buckets of all keys`, `${buckets} of ${groups} keys`);
}

interface ScanRow {
  readonly rows: string;
  readonly buckets: string | null;
  readonly groups: string | null;
}

const tooMuch = (expected: string, got: string): Problem =>
  new Problem({
    status: 422,
    code: 'too-much',
    title: 'the question would read too much',
    expected,
    got,
    fix: 'move from and to together, or take larger buckets',
  });

/** Counts what a question would read; `undefined` where that is what it shows. */
export function scanStatement(table: WindowTable<AnyEvent>, asked: WindowsAsked, most: number): Statement | undefined {
  const { window } = table;
  const isOrdered = window.kind === 'tumbling' || window.kind === 'calendar';
  const isPlain = !asked.rollup && !asked.top && asked.keys.length === 0 && asked.states.length === 0;
  if (isOrdered && isPlain) return undefined;
  const parameters = given();
  if (asked.rollup) return ofRollup(table, asked, parameters, most);
  const read = new Set(asked.measures.map(({ measure }) => measure));
  const relations = storedOf(table).filter(
    ({ measure }) =>
      measure === undefined || (asked.top !== undefined && read.has(measure)) || window.kind === 'hopping',
  );
  const counts = relations.map((stored) =>
    counted(stored.name, conditionsOf(table, stored, asked, parameters), limitOf(table, most)),
  );
  return {
    text: `select (${counts.join(' + ')})${timesRead(table)} as rows, null as buckets, null as groups`,
    parameters: parameters.parameters,
  };
}

/** Each pane of a hopping window is read for each window that it is in. */
const timesRead = ({ window }: WindowTable<AnyEvent>): string =>
  window.kind === 'hopping' ? ` * ${window.longest / (window.stored as number)}` : '';

const limitOf = ({ window }: WindowTable<AnyEvent>, most: number): number =>
  window.kind === 'hopping' ? Math.ceil((most + 1) / (window.longest / (window.stored as number))) : most + 1;

const counted = (relation: string, conditions: readonly string[], limit: number): string =>
  `(select count(*) from (select from ${quoteName(relation)} as "$w"${conditions.length > 0 ? ` where ${conditions.join(' and ')}` : ''} limit ${limit}) as "$read")`;

/** What an index can find: by time; sessions by their key, and by time those that are open. */
function conditionsOf(
  table: WindowTable<AnyEvent>,
  { start, measure }: Stored,
  asked: WindowsAsked,
  parameters: Given,
): string[] {
  const { window } = table;
  const onlyOpen = asked.states.length > 0 && asked.states.every((state) => state === 'open') && measure === undefined;
  const isOpen = onlyOpen && window.kind !== 'hopping' ? ['"$w".final_revision is null'] : [];
  if (window.kind === 'session') {
    const [first] = Object.keys(table.key);
    const keys = asked.keys.filter(({ column }) => column === first);
    if (keys.length > 0) return [...isOpen, ...keyConditions(keys, parameters)];
    if (!onlyOpen) return [];
  }
  const before = window.kind === 'hopping' ? ` + ${interval(window.longest)}` : '';
  return [
    ...isOpen,
    ...(asked.from === undefined ? [] : [`"$w".${start} >= ${parameters.instant(asked.from)}`]),
    ...(asked.to === undefined ? [] : [`"$w".${start} < ${parameters.instant(asked.to)}${before}`]),
  ];
}

function ofRollup(table: WindowTable<AnyEvent>, asked: WindowsAsked, parameters: Given, most: number): Statement {
  const { bucket, zone, by, fill } = asked.rollup as NonNullable<WindowsAsked['rollup']>;
  const [since, until] = [parameters.instant(asked.from ?? 0), parameters.instant(asked.to ?? 0)];
  const slack = table.window.zone ? ` - interval '1 year 2 days'` : '';
  const within = (start: string): string[] => [
    `"$w".${start} >= "$buckets".first${slack}`,
    `"$w".${start} < "$buckets".last`,
  ];
  const counts = storedOf(table).map(({ name, start }) => counted(name, within(start), most + 1));
  const [windows] = storedOf(table) as [Stored];
  const names = by.map((name) => `"$w".${quoteName(name)}`);
  const rows = `select from ${quoteName(table.name)} as "$w" where ${within(windows.start).join(' and ')} limit ${most + 1}`;
  const groups =
    fill && names.length > 0
      ? `(select count(*) from (select distinct * from (${rows.replace('select from', `select ${names.join(', ')} from`)}) as "$some") as "$keys")`
      : '1';
  return {
    text: `with "$buckets" as materialized (
      select min(bucket_start) as first, max(bucket_end) as last, count(*) as n
      from scalestream.buckets(${parameters.text(bucket)}, ${since}, ${until}, ${parameters.text(zone ?? 'UTC')})
    ) select ${counts.join(' + ')} as rows, n as buckets, ${groups} as groups from "$buckets"`,
    parameters: parameters.parameters,
  };
}
