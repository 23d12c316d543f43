import { startLocal } from '../../src/local/local-servers.ts';
import { startLocalQueue } from '../../src/local/queue.ts';
import type { TestProject } from 'vitest/node';

/** The servers that all tests of a run share; each test makes its own database (`freshDatabase`) and queue (`freshQueue`) on them. */
export interface TestServers {
  readonly databaseUrl: string;
  readonly sqsEndpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: TestServers;
  }
}

/** Once for the whole run. `SCALESTREAM_TEST_DATABASE_URL` names a Postgres to use instead of the embedded one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['SCALESTREAM_TEST_DATABASE_URL'];
  if (given === undefined) {
    const { ended: _ended, stop, ...servers } = await startLocal();
    project.provide('servers', servers);
    return stop;
  }
  const { pid: _pid, endpoint: sqsEndpoint, ended: _ended, stop, ...queue } = await startLocalQueue();
  project.provide('servers', { ...queue, sqsEndpoint, databaseUrl: given });
  return stop;
}
