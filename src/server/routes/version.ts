import { Hono } from 'hono';
import type { ServerEnv, Serving } from '../serving.ts';

export interface VersionAnswer {
  readonly scalestream: string;
  readonly node: string;
  /** Of the files that are served. */
  readonly pipelines: Readonly<Record<string, string>>;
}

/** What is served, and by what. */
export const versionRoute = ({ pipelines }: Serving, scalestream: string) => {
  const versions = Object.fromEntries([...pipelines.values()].map(({ name, version }) => [name, version]));
  const answer: VersionAnswer = { scalestream, node: process.versions.node, pipelines: versions };
  return new Hono<ServerEnv>().get('/version', (c) => c.json(answer));
};
