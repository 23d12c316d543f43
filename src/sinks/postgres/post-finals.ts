import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import { type FinalBranch, isPosted, isTableBranch, type TableBranch } from '../../when-final.ts';
import type { WindowTable } from '../../window-table.ts';
import { readingsOf, storedOf } from '../../stored.ts';
import { isHopping } from '../hopping-table.ts';
import { endOf } from './ddl.ts';
import { deliveryOf, finalJson, lineOf } from './final-json.ts';
import { paneItemJoins } from './panes.ts';
import { quoteName, quoteText } from './quote.ts';
import { itemJoins } from './readings.ts';
import { lastReadings, mayBeRemoved } from './removed.ts';

/**
 * What puts the rows of the common table expression `"$changed"`, which has the columns of the window table, into everything that `whenFinal` declared for it:
 * parts of the statement that made them final, or announced them, so that both happen or neither.
 */
export function postFinals({ name, finals }: Pipeline, table: WindowTable<AnyEvent>, revised: boolean): string[] {
  const branches = finals.filter((branch) => branch.table === table);
  const sinks = branches.filter(isPosted);
  return [
    ...branches.filter(isTableBranch).map((branch, i) => `"$stored_${i + 1}" as (${intoTable(branch, revised)})`),
    ...(sinks.length > 0 ? [`"$posted" as (${intoOutbox(name, table, sinks, revised)})`] : []),
  ];
}

/** What changed, and what is read of its items. */
function changedOf(table: WindowTable<AnyEvent>, revised: boolean): string {
  const joins = isHopping(table)
    ? paneItemJoins(table, '"$changed"', ...(revised ? ['"$changed"."$starts"'] : []))
    : itemJoins(table, '"$changed"');
  const joined = ['"$changed"', ...joins].join(' ');
  return revised && mayBeRemoved(table) ? lastReadings(table, joined) : joined;
}

const keyOf = (table: WindowTable<AnyEvent>): string[] => Object.keys(table.key).map(quoteName);

function intoTable({ name, table }: TableBranch, revised: boolean): string {
  const key = keyOf(table);
  const columns = [...(storedOf(table)[0]?.parts ?? []), ...readingsOf(table).filter(({ ofItems }) => ofItems)];
  const values = [...key, ...columns.map(({ column }) => quoteName(column)), 'revision'];
  const removed = revised && mayBeRemoved(table) ? { column: ', removed', value: ', "$removed"' } : undefined;
  return `
  insert into ${quoteName(name)} (window_start, window_end, ${values.join(', ')}${removed?.column ?? ''})
  select window_start, ${endOf(table)}, ${values.join(', ')}${removed?.value ?? ''} from ${changedOf(table, revised)} order by ${['window_start', ...key].join(', ')}`;
}

function intoOutbox(
  pipeline: string,
  table: WindowTable<AnyEvent>,
  branches: readonly FinalBranch[],
  revised: boolean,
): string {
  const key = keyOf(table);
  const names = branches.map((branch) => `(${quoteText(branch.name)})`).join(', ');
  const body = finalJson(table, { delivery: '"$delivery"', revised: String(revised) });
  const gone = `case when "$removed" then ${finalJson(table, { delivery: '"$delivery"', revised: 'true', removed: true })} else ${body} end`;
  return `
  insert into scalestream.outbox (pipeline, branch, delivery, line, body)
  select ${quoteText(pipeline)}, "$branch", "$delivery", "$line", ${revised && mayBeRemoved(table) ? gone : body}
  from ${changedOf(table, revised)}
  cross join lateral (select ${lineOf(table)} as "$line") as lines
  cross join lateral (select ${deliveryOf(table, '"$line"')} as "$delivery") as deliveries
  cross join (values ${names}) as branches ("$branch")
  order by ${['window_start', ...key, '"$branch"'].join(', ')}`;
}
