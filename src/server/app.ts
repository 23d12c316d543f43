import { type Context, Hono } from 'hono';
import { ConfigError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { type AnswerCacheOptions, answerCache } from './answer-cache.ts';
import { knownHosts } from './hosts.ts';
import { hotAnswers } from './hot-answers.ts';
import { named, notThere, Problem, problemResponse } from './problem.ts';
import type { ReadDatabase } from './read-database.ts';
import { eventsRoute } from './routes/events.ts';
import { livezRoute, readyzRoute } from './routes/health.ts';
import { ingestRoute, type Ingests } from './routes/ingest.ts';
import { keysRoute } from './routes/keys.ts';
import { metricsRoute } from './routes/metrics.ts';
import { openapiRoute } from './routes/openapi.ts';
import { isOfPage, pageRoute, pageSecured } from './routes/page.ts';
import { pipelineRoute, pipelinesRoute } from './routes/pipelines.ts';
import { rejectsRoute } from './routes/rejects.ts';
import { versionRoute } from './routes/version.ts';
import { windowsRoute } from './routes/windows.ts';
import { secured } from './secured.ts';
import { serverCounts, type ServerCounts } from './server-counts.ts';
import type { Limits, ServerEnv, Serving } from './serving.ts';
import { ownSite } from './own-site.ts';
import { type RateLimit, rateLimit } from './rate-limit.ts';
import { streamRoute } from './routes/stream.ts';
import { ticketsRoute } from './routes/tickets.ts';
import { streams, type StreamsOptions } from './stream/streams.ts';
import { tickets as ticketsOf } from './stream/tickets.ts';
import { bringsTicket, ticketed } from './ticketed.ts';
import { asTokens, bearing, type Token } from './tokens.ts';

export interface MetricsApiOptions {
  /** What is served: declarations, never files. */
  readonly pipelines: readonly Pipeline[];
  /** The primary or a replica; see `readDatabase`. It stays its owner's. */
  readonly database: ReadDatabase;
  /** Who may ask. Default: whoever reaches it, so let nobody but this machine reach it. */
  readonly tokens?: readonly Token[] | undefined;
  /** Names that the server answers to beside `localhost` and addresses. Default: none; with tokens, any. */
  readonly hosts?: readonly string[] | undefined;
  /** Where events go that come in by `POST /v1/events/{pipeline}`, by the pipeline's name; see `openIngest`. They stay their owner's. Default: nowhere. */
  readonly ingest?: Ingests | undefined;
  readonly cache?: AnswerCacheOptions | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Requests of one token or, where there are none, of one address: beyond that, 429. Default 1,000 a second, 5,000 at once. Events that come in are held by their bytes. */
  readonly rateLimit?: RateLimit | undefined;
  readonly streams?: StreamsOptions | undefined;
  /** Whether it is about to end: then it is not ready. Default: never. */
  readonly isStopping?: (() => boolean) | undefined;
  /** Told of what should not happen. Default: nobody is. */
  readonly onError?: ((line: string) => void) | undefined;
  /** What is counted of requests and streams; see `serverCounts`. Default: for nobody. */
  readonly counts?: ServerCounts | undefined;
  /** All metrics of the process in Prometheus's text format, for `/metrics`. Default: there is no such route. */
  readonly metrics?: (() => Promise<string>) | undefined;
  /** Of the library, for `/version`. */
  readonly version?: string | undefined;
}

/** Longest URL in characters. */
const MOST_URL = 8_192;

/**
 * The API of windows: routes over declarations and a database. It holds nothing that another one would not hold too, so any number of them give the same answers.
 *
 * @throws ConfigError where two pipelines have one name, or a token is none.
 * @example
 * const database = readDatabase({ url: 'postgres://localhost/shop' });
 * const api = metricsApi({ pipelines: [storefront], database });
 * await api.request('/v1/pipelines/storefront/windows/product_trade?limit=10');
 */
export function metricsApi(options: MetricsApiOptions) {
  const {
    database,
    hosts,
    ingest = new Map(),
    cache,
    limits,
    isStopping = () => false,
    counts = serverCounts(),
    metrics,
    onError = () => undefined,
    version = '0.0.0',
  } = options;
  const pipelines = byName(options.pipelines);
  const tokens = options.tokens && asTokens({ tokens: options.tokens });
  const serving: Serving = {
    pipelines,
    database,
    cache: answerCache(cache),
    limits: { maxWindows: 200_000, maxBuckets: 10_000, maxEvents: 20_000, ...limits },
  };
  const problemOf = (error: unknown): Problem => {
    if (error instanceof Problem) return error;
    onError(`an answer failed: ${named(error instanceof Error ? `${error.name}: ${error.message}` : String(error))}`);
    return failed();
  };
  const tickets = ticketsOf(tokens);
  const reading = bearing('read', tokens);
  const withTicket = ticketed(tickets);
  const limited = rateLimit(options.rateLimit, tokens !== undefined);
  const hot = hotAnswers({ counts, maxSize: cache?.maxSize, ...limited });
  const ingesting = bearing('ingest', tokens);
  const app = new Hono<ServerEnv>()
    .use(counts.middleware)
    .use('/v1/*', hot.middleware)
    .use((c, next) => (isOfPage(c.req.path) ? pageSecured : forNobody)(c, next))
    .use(async (c, next) => {
      if (c.req.url.length > MOST_URL) throw tooLong(c.req.url.length);
      await next();
    })
    // a page of somebody else has no token, whatever its name leads to
    .use(tokens !== undefined && hosts === undefined ? (_, next) => next() : knownHosts(hosts ?? []))
    .use('/v1/*', (c, next) => {
      if (isOfEvents(c)) return ingesting(c, next);
      return tokens !== undefined && bringsTicket(c) ? withTicket(c, next) : reading(c, next);
    })
    .use('/version', reading)
    .use('/openapi.json', reading)
    .use('/metrics', reading)
    .use('/metrics', limited.middleware)
    .use('/v1/*', (c, next) => (isOfEvents(c) ? next() : limited.middleware(c, next)))
    .use('/version', limited.middleware)
    .use('/openapi.json', limited.middleware)
    .use('/v1/events/*', ownSite)
    .use('/v1/stream-tickets', ownSite)
    .route('/', pageRoute())
    .route('/', livezRoute())
    .route('/', readyzRoute({ serving, isStopping }))
    .route('/', versionRoute(serving, version))
    .route('/', openapiRoute(serving, { version, secured: tokens !== undefined, ingest }))
    .route('/', pipelinesRoute(serving))
    .route('/', pipelineRoute(serving))
    .route('/', windowsRoute(serving))
    .route('/', eventsRoute(serving))
    .route('/', keysRoute(serving))
    .route('/', rejectsRoute(serving))
    .route(
      '/',
      streamRoute(
        serving,
        streams(serving, problemOf, { ...options.streams, onCount: (open) => (counts.streams = open) }),
        tickets,
      ),
    )
    .route('/', ticketsRoute(serving, tickets))
    .route('/', ingestRoute(serving, { ingest, isStopping }));

  if (metrics) app.route('/', metricsRoute(metrics));
  app.notFound((c) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') return problemResponse(onlyRead(c.req.method));
    const expected =
      '/v1/pipelines/{pipeline}, …/windows/{table}, …/windows/{table}/events, …/keys/{table}, …/rejects, …/stream, /v1/stream-tickets, /v1/events/{pipeline}, /version, /openapi.json';
    return problemResponse(notThere('route', 'no such route', expected, named(c.req.path), 'see /openapi.json'));
  });
  app.onError((error) => problemResponse(problemOf(error)));
  const { fetch } = app;
  app.fetch = (request, env, context) => hot.answer(env) ?? fetch(request, env, context);
  return app;
}

const isOfEvents = (c: Context): boolean => c.req.path.startsWith('/v1/events/');

/** The routes and what they take and give, for the typed client. */
export type MetricsApi = ReturnType<typeof metricsApi>;

/** No browser may do anything with an answer of the API. */
const forNobody = secured();

function byName(all: readonly Pipeline[]): ReadonlyMap<string, Pipeline> {
  const pipelines = new Map<string, Pipeline>();
  for (const each of all) {
    if (pipelines.has(each.name)) {
      const fix = 'rename one';
      throw new ConfigError({ where: 'pipelines', expected: 'different names', got: `'${each.name}' twice`, fix });
    }
    pipelines.set(each.name, each);
  }
  return pipelines;
}

const tooLong = (length: number): Problem =>
  new Problem({
    status: 414,
    code: 'url',
    title: 'the URL is too long',
    expected: `at most ${MOST_URL} characters`,
    got: `${length}`,
    fix: 'ask for fewer keys',
  });

const onlyRead = (method: string): Problem =>
  new Problem({
    status: 405,
    code: 'method',
    title: 'only reading',
    expected: 'GET or HEAD',
    got: named(method),
    fix: 'use GET',
    headers: { allow: 'GET, HEAD' },
  });

const failed = (): Problem =>
  new Problem({
    status: 500,
    code: 'failed',
    title: 'the server failed',
    expected: 'an answer',
    got: 'an error, which its log tells',
    fix: 'tell whoever runs it',
  });
