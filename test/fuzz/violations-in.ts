import type { Entry } from '../../src/batch.ts';
import type { RejectReason, WorkerStats } from '../../src/index.ts';
import { naiveTrade } from '../support/naive-fold.ts';
import type { SentMessage } from './message-body.ts';
import type { Field } from './run-case.ts';
import { centsOf } from './subjects.ts';

/** Reasons there are; a new one must be added here, or this does not compile. */
const REASONS: Readonly<Record<RejectReason, true>> = {
  empty: true,
  'unknown-compression': true,
  'not-decompressible': true,
  'too-large': true,
  'not-utf8': true,
  'not-json': true,
  'forbidden-key': true,
  'unstorable-text': true,
  schema: true,
  'no-id': true,
  'no-time': true,
  'in-future': true,
  'too-old': true,
  'id-conflict': true,
  'not-found': true,
  callback: true,
  unfoldable: true,
  'refused-by-store': true,
};

/** What a settled case leaves that it should not. */
export function violationsIn(field: Field, sent: readonly SentMessage[], stats: WorkerStats): string[] {
  return [
    ...custody(stats, sent),
    ...records(field, sent),
    ...sums(field, stats),
    ...rejects(field),
    ...siblings(field, sent),
    ...windows(field),
  ];
}

function* custody({ source }: WorkerStats, sent: readonly SentMessage[]): Generator<string> {
  const { received, acknowledged, released, lost, held, heldBytes } = source;
  if (received < sent.length || acknowledged !== received)
    yield `${received} deliveries of ${sent.length} messages, ${acknowledged} acknowledged`;
  if (released + lost + held + heldBytes !== 0)
    yield `released ${released}, lost ${lost}, held ${held}, bytes ${heldBytes}`;
}

function* records({ decoded }: Field, sent: readonly SentMessage[]): Generator<string> {
  // The queue names its messages in order, from 1.
  for (const { message, records } of decoded) {
    const expected = sent[Number(message.id.replace('memory-', '')) - 1]?.expected;
    if (expected ? !expected.includes(records) : records === 0)
      yield `a message of ${expected?.join(' or ') ?? 'one or more'} records was taken for ${records}`;
  }
}

function* sums({ decoded }: Field, { committed, duplicates, rejected, filtered }: WorkerStats): Generator<string> {
  const arrived = decoded.reduce((total, { records }) => total + records, 0);
  if (committed + duplicates + rejected + filtered !== arrived)
    yield `${committed} committed + ${duplicates} duplicates + ${rejected} rejects ≠ ${arrived} records`;
  if (Math.min(committed, duplicates, rejected) < 0) yield `a negative count: ${committed}, ${duplicates}, ${rejected}`;
}

function* rejects({ ground }: Field): Generator<string> {
  for (const { reason, detail, body, message } of ground.memory.rejects()) {
    if (!REASONS[reason]) yield `a reject with the reason '${reason}'`;
    if (detail.trim() === '') yield `a reject (${reason}) without a detail`;
    if (body === '' && message.body !== '' && reason !== 'empty' && !detail.includes('between the commas'))
      yield `a reject (${reason}) without a body`;
  }
}

function* siblings({ ground: { committed, memory } }: Field, sent: readonly SentMessage[]): Generator<string> {
  const ids = new Map<string, number>();
  for (const { id } of committed.values()) ids.set(id, (ids.get(id) ?? 0) + 1);
  for (const id of sent.flatMap(({ planted }) => planted)) {
    if (ids.get(id) !== 1) yield `the good event ${id} is committed ${ids.get(id) ?? 0} times; expected once`;
  }
  if (memory.events() !== committed.size)
    yield `${memory.events()} events in the store; ${committed.size} were committed`;
}

/** The trade as somebody would count it who reads the committed JSON again and knows nothing of the engine. */
function* windows({ pipeline, ground: { committed, memory } }: Field): Generator<string> {
  const table = pipeline.windows.find(({ name }) => name.endsWith('_trade'));
  const expected = naiveTrade(
    [...committed.values()].map((entry) => orderOf(entry, pipeline.name.endsWith('zod_uuid'))),
  );
  const found = memory.rows(table?.name ?? '');
  const index = expected.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(found[i]));
  if (index >= 0 || expected.length !== found.length)
    yield `${found.length} windows, ${expected.length} expected; expected ${JSON.stringify(expected[index])}, found ${JSON.stringify(found[index])}`;
}

/** @param texts whether the schema takes amounts that are texts for numbers */
function orderOf({ id, time, json = '' }: Entry<unknown>, texts: boolean) {
  const { product = 'none', cents } = JSON.parse(json) as { product?: string; cents?: unknown };
  const amount = texts && typeof cents === 'string' ? Number(cents) : cents;
  return { id, at: Math.floor(time / 1_000), product, cents: centsOf(amount) };
}
