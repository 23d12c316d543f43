import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { scalestream } from '../support/e2e-command.ts';
import { type FreshQueue, freshQueue } from '../support/queue.ts';

const PIPELINE = 'src/pipelines/storefront.ts';
/** Discard: nothing listens there. */
const NOBODY = '127.0.0.1:9';
const INDEX = fileURLToPath(new URL('../../src/index.ts', import.meta.url));

let folder = '';
let queue: FreshQueue;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scalestream-configuration-'));
  queue = await freshQueue();
  const { databaseUrl, sqsEndpoint, region, accessKeyId, secretAccessKey } = inject('servers');
  env = {
    SCALESTREAM_QUEUE: queue.name,
    DATABASE_URL: databaseUrl,
    AWS_ENDPOINT_URL_SQS: sqsEndpoint,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
});
afterAll(async () => {
  await queue.drop();
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** A pipeline file whose graph is `graph`, over the tables `events` and `windows`; `tables` are those it declares. */
const pipelineText = (tables: string, graph: string): string => `
  import { acknowledge, count, decode, eventTable, foldInto, json, pipeline, transaction, tumbling, windowTable } from ${JSON.stringify(INDEX)};
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
  const events = eventTable('events', { schema, id: (e) => e.id, time: (e) => e.at, keep: 'forever' });
  const windows = windowTable('windows', events, { window: tumbling('1h'), key: {}, measures: { n: count() } });
  export default pipeline('test', [${tables}], ({ messages, store }) => messages.pipe(${graph}));`;

/** Runs a worker whose settings are right but for `args` and `env`; everything it says, and that it came to nothing. */
async function refused(args: readonly string[], settings = env): Promise<string> {
  const { code, out, err } = await scalestream(['run', ...args], settings);
  const lines = err.split('\n').filter((line) => line !== '' && !line.startsWith('no-dead-letter-queue'));
  expect(lines, err).toHaveLength(1);
  expect(out).toBe('');
  expect(code, err).toBe(78);
  return lines[0] ?? '';
}

test.each([
  [[], /PIPELINE: expected a pipeline file; got none\. Fix: name one/],
  [['nowhere.ts'], /nowhere\.ts: expected a pipeline file; got no such file/],
  [['src'], /src: expected a pipeline file; got a directory/],
  [['x'.repeat(5_000)], /expected a pipeline file; got ENAMETOOLONG/],
  [['src/index.ts'], /expected export default pipeline\(…\); got no default export/],
  [[PIPELINE, '--rate=-1', 'more'], /run: expected flags among/],
  [[PIPELINE, 'src/pipelines/ga4.ts'], /run: expected one pipeline file; got .*storefront\.ts .*ga4\.ts/],
  [
    [PIPELINE, '--speed', '9'],
    /run: expected flags among --queue.*got Unknown option '--speed'.*Fix: see 'scalestream run --help'/,
  ],
  [[PIPELINE, '--visibility', '10'], /--visibility: expected a number above zero and its unit.*got "10"/],
  [[PIPELINE, '--visibility', '1s'], /visibilityTimeout: expected a whole number of seconds from 2 to 39600; got 1/],
  [[PIPELINE, '--grace', 'soon'], /--grace: .*got "soon"/],
  [[PIPELINE, '--max-messages', 'many'], /--max-messages: expected a whole number above 0; got "many"/],
  [[PIPELINE, '--max-bytes', '0'], /--max-bytes: expected a whole number above 0; got "0"/],
  [[PIPELINE, '--queue', 'no-such-queue'], /queue 'no-such-queue' at http.*: expected an existing queue/],
  [[PIPELINE, '--queue', ''], /--queue: expected the name or URL of an SQS queue; got none/],
  [[PIPELINE, '--queue', 'shop='], /--queue: expected NAME=QUEUE, or the queue alone; got 'shop='\. Fix: --queue /],
  [[PIPELINE, '--queue', '=shop'], /--queue: expected NAME=QUEUE, or the queue alone; got '=shop'\. Fix: --queue /],
  [[PIPELINE, '--worker', ''], /--worker: expected a name; got ''\. Fix: leave it out, for host and process id/],
  [[PIPELINE, '--endpoint', 'localhost'], /--endpoint: expected an http or https URL/],
  [
    [PIPELINE, '--endpoint', `http://${NOBODY}`],
    /queue .* at http:\/\/127\.0\.0\.1:9 .*: expected an answer; got .*ECONNREFUSED/,
  ],
  [[PIPELINE, '--database', ''], /--database: expected postgres:\/\/user:password@host:port\/database; got none/],
  [[PIPELINE, '--database', 'mysql://127.0.0.1/shop'], /expected postgres:\/\/…; got mysql:/],
  [
    [PIPELINE, '--database', `postgres://me@${NOBODY}/shop`],
    /database 'shop' at 127\.0\.0\.1:9: expected an answer; got .*ECONNREFUSED/,
  ],
] as const)(
  'run %j is refused with one clear message and exit code 78',
  { timeout: 120_000 },
  async (args, message) => {
    expect(await refused(args)).toMatch(message);
  },
);

describe('a database that cannot be used is told with one clear message and exit code 78:', () => {
  test('one that does not exist', async () => {
    const url = new URL(inject('servers').databaseUrl);
    url.pathname = '/nowhere';
    expect(await refused([PIPELINE, '--database', url.href])).toMatch(
      /database 'nowhere' at .*: expected an existing database; got .*3D000.*Fix: create it/,
    );
  });

  test('a wrong password', async () => {
    const url = new URL(inject('servers').databaseUrl);
    url.password = 'wrong';
    expect(await refused([PIPELINE, '--database', url.href])).toMatch(
      /expected to be let in; got .*28P01.*Fix: check user/,
    );
  });

  test('one without the tables, when the worker may not make them', async () => {
    expect(await refused([PIPELINE, '--no-migrate'])).toMatch(
      /expected the pipeline's tables; .*Fix: run scalestream migrate first/,
    );
  });
});

describe('a pipeline file that cannot work is told with one clear message and exit code 78:', () => {
  const TRANSACTION = 'transaction(store, { once: events }, (fresh$) => fresh$.pipe(foldInto(windows)))';

  test.each([
    ['a syntax error', 'export default const', /expected a file that node can run; got Expression expected/],
    ['an enum', 'enum Colour { Red }\nexport default Colour', /expected a file that node can run; got .*enum/],
    ['another default export', 'export default 42', /expected export default pipeline\(…\); got number/],
    ['an import that is not there', "import './gone.ts'", /expected a file that node can run; got Cannot find module/],
    [
      'a window table that is not declared',
      pipelineText('events', `decode(json(events)), ${TRANSACTION}, acknowledge()`),
      /graph of pipeline 'test': .*folds into 'windows', which its pipeline does not declare\. Fix: add it/,
    ],
    [
      'a graph without a transaction',
      pipelineText('events, windows', 'decode(json(events))'),
      /graph of pipeline 'test': expected one transaction.*got no transaction/,
    ],
    [
      'a graph that cannot be built',
      pipelineText('events, windows', 'nowhere()'),
      /graph of pipeline 'test': expected one transaction.*got nowhere is not defined/,
    ],
    [
      'a name that is no SQL identifier',
      pipelineText('events, windows', 'decode()').replace("pipeline('test'", "pipeline('te st'"),
      /pipeline\('te st'\): expected/,
    ],
  ])('%s', async (name, text, message) => {
    expect(await refused([await file(`${name.replaceAll(' ', '-')}.ts`, text)])).toMatch(message);
  });
});

test('without any setting the first that is missing is named', async () => {
  expect(await refused([PIPELINE], {})).toMatch(/--queue: .*set SCALESTREAM_QUEUE/);
});
