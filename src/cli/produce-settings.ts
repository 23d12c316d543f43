import { parseArgs } from 'node:util';
import { ConfigError, messageOf } from '../errors.ts';
import type { Compression } from '../producer/encode.ts';
import { checkEndpoint } from '../producer/sqs-client.ts';

/** What `produce` was asked to do. */
export interface ProduceSettings {
  readonly help: boolean;
  readonly queue: string;
  /** Absent: simulate. */
  readonly file: string | undefined;
  /** Events a second; 0: as fast as possible. */
  readonly rate: number;
  readonly events: number | undefined;
  readonly pack: number | undefined;
  readonly compress: Compression;
  readonly seed: number | undefined;
  readonly startAt: number | undefined;
  readonly duplicates: number;
  readonly bad: number;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly json: boolean;
}

const FLAGS = {
  queue: { type: 'string' },
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
  endpoint: { type: 'string' },
  region: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/**
 * Reads and checks the flags of `produce` and the variables behind them.
 *
 * @throws ConfigError for the first that cannot work.
 */
export function produceSettings(args: readonly string[], env: NodeJS.ProcessEnv): ProduceSettings {
  const flags = parse(args);
  const { simulate = false, file, compress = 'none', json = false, help = false } = flags;
  if (!help && simulate === (file !== undefined)) {
    throw wrong('produce', 'either --simulate or --file FILE', simulate ? 'both' : 'neither', 'choose one of them');
  }
  if (compress !== 'none' && compress !== 'gzip' && compress !== 'zstd') {
    throw wrong('--compress', 'none, gzip or zstd', compress, 'choose one of them');
  }
  for (const name of ['seed', 'start-at', 'duplicates', 'bad'] as const) {
    if (file !== undefined && flags[name] !== undefined) {
      throw wrong(`--${name}`, 'it with --simulate only', '--file', `leave out --${name}`);
    }
  }
  const queue = flags.queue ?? env['SCALESTREAM_QUEUE'];
  if (!help && !queue) {
    throw wrong('--queue', 'the name or URL of an SQS queue', 'none', 'add --queue NAME, or set SCALESTREAM_QUEUE');
  }
  return {
    help,
    queue: queue ?? '',
    file,
    compress,
    json,
    rate: number('--rate', flags.rate, (n) => n >= 0, 'events a second, 0 for as fast as possible') ?? 0,
    events: number('--events', flags.events, isCount, 'a whole number above 0'),
    pack: number('--pack', flags.pack, isCount, 'a whole number above 0'),
    seed: number('--seed', flags.seed, Number.isSafeInteger, 'a whole number'),
    startAt: instant(flags['start-at']),
    duplicates: number('--duplicates', flags.duplicates, isShare, 'a share from 0 to 1') ?? 0,
    bad: number('--bad', flags.bad, isShare, 'a share from 0 to 1') ?? 0,
    endpoint:
      endpoint('--endpoint', flags.endpoint) ??
      endpoint('AWS_ENDPOINT_URL_SQS', env['AWS_ENDPOINT_URL_SQS']) ??
      endpoint('AWS_ENDPOINT_URL', env['AWS_ENDPOINT_URL']),
    region: flags.region ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || undefined),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new ConfigError(
      {
        where: 'produce',
        expected: `flags among ${Object.keys(FLAGS)
          .map((name) => `--${name}`)
          .join(', ')}`,
        got: messageOf(error).replace(/\. To specify.*$/s, ''),
        fix: "see 'scalestream produce --help'",
      },
      { cause: error },
    );
  }
}

const isCount = (n: number): boolean => Number.isSafeInteger(n) && n > 0;
const isShare = (n: number): boolean => n >= 0 && n <= 1;

function number(
  flag: string,
  text: string | undefined,
  holds: (n: number) => boolean,
  expected: string,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value) && holds(value)) return value;
  throw wrong(
    flag,
    expected,
    JSON.stringify(text),
    `write it like ${flag} ${expected.startsWith('a share') ? '0.01' : '1000'}`,
  );
}

function instant(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return ms;
  throw wrong('--start-at', 'a time in UTC from 1970 on', JSON.stringify(text), 'write it like 2026-11-22T00:00:00Z');
}

const endpoint = (where: string, url: string | undefined): string | undefined =>
  url ? checkEndpoint(url, where) : undefined;

const wrong = (where: string, expected: string, got: string, fix: string): ConfigError =>
  new ConfigError({ where, expected, got, fix });
