import { of } from 'rxjs';
import type { Entry, Fresh } from '../batch.ts';
import type { Message } from '../custody.ts';
import type { AnyEvent } from '../event-table.ts';
import { eventTime, type Micros } from '../event-time.ts';
import type { FinalWindow } from '../final-window.ts';
import { foldInto } from './fold-into.ts';
import type { Fold } from '../store.ts';
import type { WindowTable } from '../window-table.ts';

const NO_CUSTODY = {
  acknowledge: () => undefined,
  release: () => undefined,
  at: () => undefined,
  weigh: () => undefined,
};

/** Stands for the message of what came by none. */
export const NO_MESSAGE: Message = {
  id: '',
  source: 'stored',
  body: '',
  attributes: {},
  sentAt: 0,
  receiveCount: 1,
  custody: NO_CUSTODY,
};

/** The start of a final window. */
export const startOf = ({ start }: FinalWindow): Micros => eventTime(start) as Micros;

/** What final windows contribute to a table over them, by their position. One that is gone contributes nothing. */
export function windowFold(table: WindowTable<AnyEvent>, windows: readonly FinalWindow[]): Fold {
  const entries = windows.flatMap((window, position): Entry<unknown>[] => {
    if (window.removed) return [];
    const { delivery: id } = window;
    return [{ value: window, id, time: startOf(window), raw: '', json: '', message: NO_MESSAGE, ordinal: 0, position }];
  });
  const batch: Fresh<unknown> = { entries, rejects: [], messages: [], filtered: 0 };
  const folds: Fold[] = [];
  of(batch)
    .pipe(foldInto(table))
    .subscribe((fold) => folds.push(fold)); // at once
  return folds[0] as Fold;
}
