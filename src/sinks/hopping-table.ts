import type { AnyEvent } from '../event-table.ts';
import type { Micros } from '../event-time.ts';
import type { Window } from '../window.ts';
import type { WindowTable } from '../window-table.ts';

/** A table of hopping windows: its rows are panes, one hop long. */
export interface HoppingTable extends WindowTable<AnyEvent> {
  readonly window: Window<AnyEvent> & { readonly kind: 'hopping'; readonly stored: Micros };
}

export const isHopping = (table: WindowTable<AnyEvent>): table is HoppingTable => table.window.kind === 'hopping';
