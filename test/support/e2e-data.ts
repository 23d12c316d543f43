import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const FOLDER = new URL('../../../shared/data/', import.meta.url);

/** Real events lie beside the clone, not in it. Where they are absent, the tests that need them are skipped and say so. */
export const hasRealData = existsSync(new URL('truth.json', FOLDER));

/** Why a test is skipped. */
export const NO_REAL_DATA = 'the real events (../shared/data) are not beside this clone';

/** Path of one of the files. */
export const realData = (name: string): string => fileURLToPath(new URL(name, FOLDER));

export const GA4_CSV = 'ga4_merch_2020-12-25_2020-12-27.csv.gz';
export const GA4_NDJSON = 'ga4_merch_2020-12-25_2020-12-27.ndjson.gz';
export const REES46 = 'rees46_2019-10-01_0000-0250.csv.gz';

/** What was counted of a file independently. */
export interface Truth {
  readonly rows: number;
  readonly events_by_type: Readonly<Record<string, number>>;
  readonly purchase_revenue_usd_all_rows?: string;
  readonly purchase_revenue_all_rows?: string;
  readonly purchases?: number;
  readonly distinct_users?: number;
  readonly sessions_gap_30min?: number;
  readonly funnel_sessions?: Readonly<Record<string, number>>;
}

export const truth = (file: string): Truth =>
  (JSON.parse(readFileSync(realData('truth.json'), 'utf8')) as Record<string, Truth>)[file] as Truth;

/** An hour and type of event, as it was counted independently. */
export interface TrueHour {
  /** `2020-12-25T00` */
  readonly hour: string;
  readonly type: string;
  readonly events: number;
  readonly money: string;
}

export function trueHours(file: string): TrueHour[] {
  const lines = readFileSync(realData('truth_hourly.csv'), 'utf8').trim().split('\n').slice(1);
  return lines
    .map((line) => line.split(','))
    .filter(([name]) => name === file)
    .map(([, hour = '', type = '', events, money = '']) => ({ hour, type, events: Number(events), money }));
}

/** The lines of a file, header and last line included. */
export const linesOf = (file: string): string[] =>
  gunzipSync(readFileSync(realData(file)))
    .toString('utf8')
    .split(/\r?\n/)
    .filter(Boolean);
