import { StoreError } from '../../errors.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Connection } from './connect.ts';

/** The error of a worker, or a tick, of another version than `found`, which is in force; `undefined`: there is no such pipeline. */
export function fenced({ name, version }: Pipeline, found: string | undefined): StoreError {
  const got = found === undefined ? 'no such pipeline in the database' : `version ${found} in the database`;
  const fix =
    found === undefined
      ? 'run scalestream migrate first'
      : 'this worker is of another version: deploy it again, or run migrate';
  return new StoreError('fenced', 'fenced', `pipeline '${name}': expected version ${version}; got ${got}. Fix: ${fix}`);
}

/** The same, where the version in force must be asked for. */
export async function fencedNow(connection: Connection, pipeline: Pipeline): Promise<StoreError> {
  const [row] = await connection.run<{ version: string }>(
    'select version from scalestream.pipelines where name = $1::text',
    [pipeline.name],
  );
  return fenced(pipeline, row?.version);
}
