import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConfigError, messageOf, SourceError } from '../errors.ts';
import { csvEvents } from './csv-events.ts';
import { ndjsonEvents } from './ndjson-events.ts';
import type { RawBody } from './raw-body.ts';

const FORMATS = { '.ndjson': ndjsonEvents, '.csv': csvEvents } as const;

/**
 * The events of a captured file, `.ndjson`, `.csv`, or either with `.gz`, as JSON texts in the file's order; see {@link ndjsonEvents} and
 * {@link csvEvents}. Streams: memory does not grow with the file, but for about 40 bytes a row that carries no id of its own.
 *
 * @throws ConfigError (as a rejection, before any event) when the file cannot be opened, is of another kind, or has no header where it needs
 * one; SourceError while iterating, when the file is damaged.
 * @example
 * await produce({ events: await capture('events.csv.gz'), sender });
 */
export async function capture(file: string): Promise<AsyncIterable<string | RawBody>> {
  const extension = /(\.[^./\\]+?)(?:\.gz)?$/.exec(file)?.[1] ?? '';
  if (!Object.hasOwn(FORMATS, extension)) {
    throw new ConfigError({
      where: `file '${file}'`,
      expected: 'a name that ends in .ndjson, .csv, .ndjson.gz or .csv.gz',
      got: extension === '' ? 'no ending' : extension,
      fix: 'rename it to what it holds',
    });
  }
  const batches = FORMATS[extension as keyof typeof FORMATS](await open(file), file);
  // The first batch is read now, so that a missing header is found before anything starts.
  const first = await batches.next().catch((error: unknown) => {
    throw error instanceof ConfigError ? error : unreadable(file, error);
  });
  return each(file, first, batches);
}

async function open(file: string): Promise<AsyncIterable<Buffer>> {
  const content = createReadStream(file, { highWaterMark: 262_144 });
  try {
    await once(content, 'ready');
    if (!file.endsWith('.gz')) return content;
    // A failure of either stream ends the other, and comes out of the iteration.
    return pipeline(content, createGunzip({ chunkSize: 262_144 }), () => {});
  } catch (error) {
    throw unreadable(file, error);
  }
}

const unreadable = (file: string, cause: unknown): ConfigError =>
  new ConfigError(
    {
      where: `file '${file}'`,
      expected: 'a file that can be read',
      got: messageOf(cause),
      fix: 'check the path, its permissions, and that the content is what the name says',
    },
    { cause },
  );

type Batch = readonly (string | RawBody)[];

async function* each(file: string, first: IteratorResult<Batch>, batches: AsyncGenerator<Batch>) {
  let events = 0;
  try {
    for (let batch = first; !batch.done; batch = await batches.next()) {
      for (const event of batch.value) {
        yield event;
        events++;
      }
    }
  } catch (error) {
    throw damaged(file, events, error);
  } finally {
    await batches.return(undefined);
  }
}

function damaged(file: string, events: number, error: unknown): Error {
  if (error instanceof ConfigError) return error;
  if (error instanceof SourceError)
    return new SourceError(error.reason, `${error.message} (after ${events} events)`, { cause: error });
  return new SourceError('unreadable', `${file}: ${messageOf(error)} (after ${events} events)`, { cause: error });
}
