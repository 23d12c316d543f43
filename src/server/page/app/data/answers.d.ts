/** What the API answers with, as far as the page reads it: see docs/API.md. */
export type Column = {
  name: string;
  role: 'key' | 'measure';
  type: string;
  measure?: string;
  kind?: string;
  unit?: string;
};
export type WindowShape = { kind: string; shape: readonly (string | number)[] };
export type Table = {
  name: string;
  of: string;
  window: WindowShape;
  columns: readonly Column[];
  open: number;
  revised: number;
};
export type Verdict = { state: string; text: string };
export type Stage = {
  stage: string;
  messages: number;
  busy: number;
  backpressured: number;
  idle: number;
  held: number;
};
export type Vitals = {
  seconds: number;
  rates: Readonly<Record<string, number>>;
  loop: number;
  rssBytes: number;
  heldBytes: number;
  credit: number;
  retries: number;
  breaker: string;
};
export type Worker = {
  worker: string;
  sources: readonly string[];
  state: string;
  seen: number;
  life: number;
  committed: number;
  late: number;
  diverted: number;
  vitals?: Vitals | null;
};
export interface Pipeline {
  readonly name: string;
  /** Seconds. */
  readonly lag: number | null;
  readonly held: string;
  readonly watermark: string | null;
  readonly final: string | null;
  readonly tables: readonly Table[];
  readonly workers: readonly Worker[];
  readonly rejects: Readonly<Record<string, number>>;
  readonly verdict?: Verdict;
  readonly rates?: Readonly<Record<string, number>>;
  readonly stages?: readonly Stage[];
  readonly retries?: number;
  readonly breaker?: number;
}
export type Summary = { name: string; tables: readonly string[]; verdict?: Verdict | null };
export type Meta = { watermark: string | null; final: string | null; asOf: string };
export type Row = {
  start: string;
  end: string;
  key: Readonly<Record<string, unknown>>;
  measures: Readonly<Record<string, unknown>>;
  state: 'open' | 'final' | 'revised';
  revision: number | null;
  updatedAt: string | null;
  traceId: string | null;
};
export type Page = { limit: number; next: string | null };
export type Windows = { data: readonly Row[]; page: Page; meta: Meta & { columns: readonly Column[] } };
export type RawEvent = { id: string; time: string; event: unknown };
export type Events = {
  data: readonly RawEvent[];
  page: Page;
  meta: Meta & { read: number; unreadable: number; complete: boolean };
};
export type Reject = {
  reason: string;
  detail: string;
  stage: string;
  source: string;
  messageId: string;
  ordinal: number;
  sentAt: string;
  rejectedAt: string;
  size: number;
  body?: string;
  encoding?: string;
};
