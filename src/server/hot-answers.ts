import { createMiddleware } from 'hono/factory';
import { LRUCache } from 'lru-cache';
import { MOST_SIZE } from './answer-cache.ts';
import { isKnown } from './etag.ts';
import type { ServerCounts } from './server-counts.ts';
import type { ServerEnv } from './serving.ts';
import type { Caller } from './tokens.ts';

/** An answer as somebody got it: whoever asks the same, in the same words and with the same token, gets it too. */
interface Hot {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Then one request goes to the app, so that the answer is made again. */
  renew: number;
  readonly until: number;
  readonly etag: string;
  readonly route: string;
  readonly caller: Caller;
}

export interface HotAnswersOptions {
  readonly counts: ServerCounts;
  /** Memory that they may take, in characters. */
  readonly maxSize: number | undefined;
  /** Takes a request of somebody in: `0`, or in how many milliseconds it may come. */
  readonly take: (who: string) => number;
  /** Whom a request is held to; `undefined`: nobody. */
  readonly whose: (env: ServerEnv['Bindings'], caller: Caller) => string | undefined;
}

/** Longer questions are thought over each time. */
const LONGEST = 2_000;

/**
 * Answers the request that was answered a moment ago, without understanding it again: host, token and URL are the same to the letter, so whatever was found of
 * them then holds for as long as the answer itself may be given again. Only the rate limit is asked, and only `if-none-match` is read.
 */
export function hotAnswers({ counts, maxSize = MOST_SIZE, take, whose }: HotAnswersOptions) {
  const hot = new LRUCache<string, Hot>({ maxSize, sizeCalculation: ({ body }) => body.length + LONGEST });
  return {
    /** Remembers answers on their way out: to go before everything that changes them. */
    middleware: createMiddleware<ServerEnv>(async (c, next) => {
      await next();
      const given = c.get('given');
      const key = given && keyOf(c.env);
      if (!given || key === undefined || c.res.status !== 200) return;
      const { answer, renew, until, route } = given;
      const headers = Object.fromEntries(c.res.headers);
      hot.set(key, {
        body: answer.body,
        etag: answer.etag,
        headers,
        renew,
        until,
        route,
        caller: c.get('caller'),
      });
    }),
    /** `undefined`: it is for the app. */
    answer(env: ServerEnv['Bindings'] | undefined): Response | undefined {
      const key = keyOf(env);
      const known = key === undefined ? undefined : hot.get(key);
      const now = performance.now();
      if (!known || now >= known.until) return undefined;
      if (now >= known.renew) {
        known.renew = known.until;
        return undefined;
      }
      const who = whose(env ?? {}, known.caller);
      if (who !== undefined && take(who) > 0) return undefined;
      const { body, headers, etag, route } = known;
      if (isKnown(env?.incoming?.headers['if-none-match'], etag)) {
        counts.add('GET', route, 304, 0);
        const { 'content-type': _, ...others } = headers;
        return new Response(null, { status: 304, headers: others });
      }
      counts.add('GET', route, 200, 0);
      return new Response(body, { headers });
    },
  };
}

function keyOf(env: ServerEnv['Bindings'] | undefined): string | undefined {
  const { method, url = '', headers } = env?.incoming ?? {};
  if (method !== 'GET' || !headers) return undefined;
  const key = `${headers.host ?? ''}\n${headers.authorization ?? ''}\n${url}`;
  return key.length > LONGEST ? undefined : key;
}
