import type { AnyEvent } from '../../event-table.ts';
import { readingsOf } from '../../stored.ts';
import type { WindowTable } from '../../window-table.ts';
import { quoteName, quoteText } from './quote.ts';

/**
 * Whether a window may be gone after it was final: a session that one taken in late begins earlier than, see `session-function.ts`; a window over windows, none
 * of which belongs to it any more.
 */
export const mayBeRemoved = ({ window, over }: WindowTable<AnyEvent>): boolean =>
  window.kind === 'session' || over !== undefined;

/** What `"$changed"` has beside the columns of such a table, where revisions are announced: whether the window is gone, and what it held. */
export const REMOVED = 'announced.removed as "$removed", announced.contents as "$contents"';

/** `joined` is `"$changed"` beside what is read of its items. Those of a window that is gone have moved: what was read of them then is in its contents. */
export function lastReadings(table: WindowTable<AnyEvent>, joined: string): string {
  const items = readingsOf(table).filter(({ ofItems }) => ofItems);
  if (items.length === 0) return joined;
  const read = items.map(({ column, type }) => {
    const value = `"$contents" ${type === 'jsonb' ? '->' : '->>'} ${quoteText(column)}`;
    return `case when "$removed" then (${value})::${type} else ${quoteName(column)} end as ${quoteName(column)}`;
  });
  return `(select "$changed".*, ${read.join(', ')} from ${joined}) as "$changed"`;
}
