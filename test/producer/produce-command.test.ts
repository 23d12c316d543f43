import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { produceCommand } from '../../src/cli/produce.ts';
import { freshQueue } from '../support/queue.ts';
import { sqsProxy } from '../support/sqs-proxy.ts';
import { eventsOf } from './received.ts';

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const code = await produceCommand.run(args, env, { out: (line) => out.push(line), err: (line) => err.push(line) });
  return { code, out, err, json: () => JSON.parse(out.at(-1) ?? '') as Record<string, unknown> };
}

async function target() {
  const queue = await freshQueue();
  onTestFinished(() => queue.drop());
  return { queue, to: ['--queue', queue.name, '--endpoint', inject('servers').sqsEndpoint] };
}

test('simulated events arrive, and the last line of the output says what was sent', async () => {
  const { queue, to } = await target();
  const { code, json } = await run([
    ...to,
    '--simulate',
    '--events',
    '1000',
    '--pack',
    '100',
    '--bad',
    '0.1',
    '--duplicates',
    '0.1',
    '--json',
  ]);
  const events = await eventsOf(queue);
  expect(code).toBe(0);
  expect(events).toHaveLength(1_000);
  const summary = json();
  expect(summary).toMatchObject({
    queue: queue.name,
    events: 1_000,
    messages: 10,
    produced: 1_000,
    resent: 0,
    tooLarge: 0,
  });
  expect(summary['good']).toBe(1_000 - Number(summary['bad']) - Number(summary['duplicates']));
  expect(new Set(events.map((event) => JSON.stringify(event))).size).toBe(1_000 - Number(summary['duplicates']));
});

test('the same seed and start bring the same events', async () => {
  const { queue, to } = await target();
  const args = [
    ...to,
    '--simulate',
    '--events',
    '50',
    '--seed',
    '7',
    '--start-at',
    '2026-11-22T00:00:00Z',
    '--pack',
    '50',
  ];
  await run(args);
  const first = await eventsOf(queue);
  await run(args);
  expect(await eventsOf(queue)).toEqual(first);
});

test('a file is sent whole, compressed if asked, its settings taken from the environment', async () => {
  const { queue } = await target();
  const folder = await mkdtemp(join(tmpdir(), 'scalestream-produce-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'rows.csv'), 'id,n\na,1\nb,2\nc,3\n');
  const env = {
    SCALESTREAM_QUEUE: queue.name,
    AWS_ENDPOINT_URL_SQS: inject('servers').sqsEndpoint,
    AWS_REGION: 'us-east-1',
  };
  const { code, out } = await run(['--file', join(folder, 'rows.csv'), '--compress', 'gzip'], env);
  expect(code).toBe(0);
  expect(out.at(-1)).toMatch(/^sent 3 events in 1 messages/);
  expect(await eventsOf(queue)).toEqual([
    { id: 'a', n: '1' },
    { id: 'b', n: '2' },
    { id: 'c', n: '3' },
  ]);
});

test('an event that fits no message is named, the others are sent, and the exit code is 1', async () => {
  const { queue, to } = await target();
  const folder = await mkdtemp(join(tmpdir(), 'scalestream-produce-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'lines.ndjson');
  await writeFile(file, `{"id":"1"}\n{"id":"2","text":"${'x'.repeat(1_048_576)}"}\n{"id":"3"}\n`);
  const { code, err, json } = await run([...to, '--file', file, '--json']);
  expect(code).toBe(1);
  expect(err.join()).toMatch(/event 2: an event of 1048596 bytes/);
  expect(json()).toMatchObject({ events: 2, tooLarge: 1 });
  expect(await eventsOf(queue)).toHaveLength(2);
});

test('a queue that refuses midway ends with what was sent and the reason', async () => {
  const { queue } = await target();
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  onTestFinished(() => proxy.close());
  proxy.fault('SendMessageBatch', ({ nth }) => nth > 1, {
    kind: 'error',
    status: 403,
    code: 'AccessDenied',
    message: 'not yours',
  });
  const { code, err } = await run([
    '--queue',
    queue.name,
    '--endpoint',
    proxy.endpoint,
    '--simulate',
    '--events',
    '5000',
    '--pack',
    '10',
  ]);
  const sent = (await eventsOf(queue)).length;
  expect(code).toBe(1);
  expect(err.at(-1)).toMatch(new RegExp(`^stopped after ${sent} events: .*not yours`));
});

test('Ctrl-C ends an endless run with what was taken sent, a summary, and exit code 0', async () => {
  const queue = await freshQueue();
  const proxy = await sqsProxy(inject('servers').sqsEndpoint);
  onTestFinished(async () => {
    await proxy.close();
    await queue.drop();
  });
  const script = `
    import { produceCommand } from ${JSON.stringify(new URL('../../src/cli/produce.ts', import.meta.url).href)};
    const io = { out: (line) => console.log(line), err: (line) => console.error(line) };
    process.exitCode = await produceCommand.run(process.argv.slice(1), process.env, io);`;
  const args = ['--queue', queue.name, '--endpoint', proxy.endpoint, '--simulate', '--rate', '2000', '--json'];
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await proxy.arrived('SendMessageBatch', 3);
  child.kill('SIGINT');
  const [code] = (await once(child, 'close')) as [number];
  expect(code).toBe(0);
  const summary = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { events: number; produced: number };
  expect(summary.events).toBe(summary.produced);
  expect(await eventsOf(queue)).toHaveLength(summary.events);
});

test.each([
  [[], /either --simulate or --file FILE; got neither/],
  [['--simulate', '--file', 'x.csv'], /got both/],
  [['--simulate'], /--queue: expected the name or URL of an SQS queue; got none/],
  [['--queue', 'q', '--simulate', '--rate', 'fast'], /--rate: expected events a second.*got "fast"/],
  [['--queue', 'q', '--simulate', '--events', '0'], /--events: expected a whole number above 0/],
  [['--queue', 'q', '--simulate', '--events', '1.5'], /--events/],
  [['--queue', 'q', '--simulate', '--pack', '-1'], /--pack/],
  [['--queue', 'q', '--simulate', '--compress', 'brotli'], /--compress: expected none, gzip or zstd; got brotli/],
  [['--queue', 'q', '--simulate', '--bad', '2'], /--bad: expected a share/],
  [['--queue', 'q', '--simulate', '--start-at', 'noon'], /--start-at/],
  [['--queue', 'q', '--simulate', '--endpoint', '127.0.0.1:4566'], /--endpoint: expected an http or https URL/],
  [['--queue', 'q', '--file', 'x.csv', '--seed', '1'], /--seed: expected it with --simulate only/],
  [['--queue', 'q', '--simulate', '--fast'], /Unknown option '--fast'.*--help/],
  [['--queue', 'q', '--file', 'nowhere.csv', '--endpoint', 'http://127.0.0.1:1'], /nowhere\.csv.*ENOENT/],
])('%j is refused with one clear message before anything starts', async (args, message) => {
  const refused = run(args);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toMatchObject({ code: 'CONFIG' });
});

test('help tells every flag', async () => {
  const { code, out } = await run(['--help']);
  expect(code).toBe(0);
  for (const flag of [
    '--queue',
    '--simulate',
    '--file',
    '--rate',
    '--events',
    '--pack',
    '--compress',
    '--seed',
    '--endpoint',
    '--region',
    '--json',
  ]) {
    expect(out.join('\n')).toContain(`  ${flag}`);
  }
});
