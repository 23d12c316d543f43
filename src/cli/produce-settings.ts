import { ConfigError } from '../errors.ts';
import type { Compression } from '../producer/encode.ts';
import { countFlag, parseFlags, shareFlag } from './flags.ts';
import type { QueueSettings } from './settings.ts';
import { QUEUE_FLAGS, queueSettings } from './settings.ts';

/** What `produce` was asked to do. */
export interface ProduceSettings extends QueueSettings {
  /** Absent: simulate. */
  readonly file: string | undefined;
  /** Events a second; 0: as fast as possible. */
  readonly rate: number;
  readonly events: number | undefined;
  readonly pack: number | undefined;
  readonly compress: Compression;
  readonly seed: number | undefined;
  /** Milliseconds since 1970; absent: as the clock goes. */
  readonly startAt: number | undefined;
  readonly duplicates: number;
  readonly bad: number;
  readonly json: boolean;
}

const FLAGS = {
  ...QUEUE_FLAGS,
  simulate: { type: 'boolean' },
  file: { type: 'string' },
  rate: { type: 'string' },
  events: { type: 'string' },
  pack: { type: 'string' },
  compress: { type: 'string' },
  seed: { type: 'string' },
  'start-at': { type: 'string' },
  duplicates: { type: 'string' },
  bad: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads and checks the flags of `produce` and the variables behind them.
 *
 * @returns `undefined` when help was asked for.
 * @throws ConfigError for the first that cannot work.
 */
export function produceSettings(args: readonly string[], env: NodeJS.ProcessEnv): ProduceSettings | undefined {
  const { values: flags } = parseFlags('produce', args, FLAGS);
  if (flags.help) return undefined;
  const { simulate = false, file, compress = 'none', json = false } = flags;
  if (simulate === (file !== undefined)) {
    throw wrong('produce', 'either --simulate or --file FILE', simulate ? 'both' : 'neither', 'choose one of them');
  }
  if (compress !== 'none' && compress !== 'gzip' && compress !== 'zstd') {
    throw wrong('--compress', 'none, gzip or zstd', compress, 'choose one of them');
  }
  for (const name of ['seed', 'start-at', 'duplicates', 'bad'] as const) {
    if (file === undefined || flags[name] === undefined) continue;
    throw wrong(`--${name}`, 'it with --simulate only', '--file', `leave out --${name}`);
  }
  return {
    ...queueSettings(flags, env),
    file,
    compress,
    json,
    rate: number('--rate', flags.rate, (n) => n >= 0, 'events a second, 0 for as fast as possible') ?? 0,
    events: countFlag('--events', flags.events),
    pack: countFlag('--pack', flags.pack),
    seed: number('--seed', flags.seed, Number.isSafeInteger, 'a whole number'),
    startAt: instant(flags['start-at']),
    duplicates: shareFlag('--duplicates', flags.duplicates),
    bad: shareFlag('--bad', flags.bad),
  };
}

function number(
  flag: string,
  text: string | undefined,
  holds: (n: number) => boolean,
  expected: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value) && holds(value)) return value;
  throw wrong(flag, expected, JSON.stringify(text), `write it like ${flag} 1000`);
}

function instant(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw wrong('--start-at', 'a time in UTC from 1970 on', JSON.stringify(text), 'write it like 2026-11-22T00:00:00Z');
}

const wrong = (where: string, expected: string, got: string, fix: string): ConfigError =>
  new ConfigError({ where, expected, got, fix });
