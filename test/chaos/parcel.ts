import type { Books } from './books.ts';
import type { ExpectedReject, Line, Manifest } from './shipments.ts';

/** What one of the inputs has to send next. */
export interface Parcel {
  readonly texts: readonly string[];
  readonly manifest: Manifest;
}

/** An input: makes parcels, and keeps the books of what they must become. */
export interface Input {
  readonly books: Books;
  next(events: number): Promise<Parcel>;
}

/** Collects what a parcel carries. */
export interface Packing {
  event(text: string, id: string, micros: number): void;
  reject(text: string, reject: Omit<ExpectedReject, 'body' | 'ordinal'> & { readonly named: boolean }): void;
  parcel(): Parcel;
}

export function packing(line: Line): Packing {
  const texts: string[] = [];
  const ids: string[] = [];
  const times: number[] = [];
  const rejects: ExpectedReject[] = [];
  return {
    event(text, id, micros) {
      texts.push(text);
      ids.push(id);
      times.push(micros);
    },
    reject(text, { reason, named }) {
      rejects.push({ body: text, reason, ordinal: named ? undefined : texts.length });
      texts.push(text);
    },
    parcel: () => ({
      texts,
      manifest: { line, events: ids.length, ids: `{${ids.join()}}`, times: `{${times.join()}}`, rejects },
    }),
  };
}
