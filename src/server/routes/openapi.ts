import { Hono } from 'hono';
import { type About, openApi } from '../open-api.ts';
import type { ServerEnv, Serving } from '../serving.ts';

/** The document of all routes, for programs. */
export const openapiRoute = ({ pipelines }: Serving, about: About) => {
  let document: ReturnType<typeof openApi> | undefined;
  return new Hono<ServerEnv>().get('/openapi.json', (c) =>
    c.json(
      (document ??= openApi([...pipelines.values()], about)) as unknown as {
        readonly openapi: string;
        readonly paths: Record<string, unknown>;
      },
    ),
  );
};
