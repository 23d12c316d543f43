import { ConfigError, SourceError, StoreError } from '../errors.ts';
import { targetOf } from '../sinks/postgres/target.ts';
import type { QueueSettings } from './settings.ts';

/** What SQLSTATEs say at the start: what was expected of the database, and the likely fix. */
const REFUSALS = [
  { code: /^28/, expected: 'to be let in', fix: 'check user and password' },
  { code: /^3D000/, expected: 'an existing database', fix: 'create it, or check its name' },
  { code: /^(42P01|3F000)/, expected: "the pipeline's tables", fix: 'run scalestream migrate first' },
  {
    code: /^42501/,
    expected: 'the right to create and use tables',
    fix: 'grant it to the user, on database and schema',
  },
] as const;

/** At the start, a database that cannot be used is a setting that cannot work. Anything else is returned as it is. */
export function databaseAtStart(error: unknown, url: string): unknown {
  if (!(error instanceof StoreError)) return error;
  const { host, port, database } = targetOf(url);
  const where = `database '${database}' at ${host}:${port}`;
  const [got = '', own] = error.message.split('. Fix: ');
  if (error.failure === 'retry') {
    const fix = 'is it running, and is the URL right?';
    return new ConfigError({ where, expected: 'an answer', got, fix }, { cause: error });
  }
  if (error.reason === 'shared-queue') {
    return new ConfigError(
      { where: '--queue', expected: 'queues that are read by one pipeline', got, fix: own ?? '' },
      { cause: error },
    );
  }
  const refusal = REFUSALS.find(({ code }) => code.test(error.reason));
  const { expected, fix } = refusal ?? { expected: 'tables that fit the pipeline', fix: own ?? 'see the database' };
  return new ConfigError({ where, expected, got, fix }, { cause: error });
}

/** At the start, a queue that cannot be reached is a setting that cannot work. Anything else is returned as it is. */
export function queueAtStart(error: unknown, { queue }: QueueSettings): unknown {
  if (!(error instanceof SourceError)) return error;
  const [said = '', fix = 'check the endpoint'] = error.message.split('. Fix: ');
  const [where, ...got] = said.includes(': ') ? said.split(': ') : [`queue '${queue}'`, said];
  return new ConfigError({ where: where ?? '', expected: 'an answer', got: got.join(': '), fix }, { cause: error });
}
