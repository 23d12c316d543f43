import type { FuzzCase, FuzzMessage, FuzzRecord } from './fuzz-case.ts';

/** Whether a smaller case still fails. */
type StillFails = (smaller: FuzzCase) => Promise<boolean>;

const MOST_TRIES = 2_000;

/** The smallest case that still fails, as far as halving and dropping get. */
export async function shrink(failing: FuzzCase, stillFails: StillFails): Promise<FuzzCase> {
  let smallest = failing;
  let tries = 0;
  for (let better = true; better && tries < MOST_TRIES; ) {
    better = false;
    for (const smaller of smallerThan(smallest)) {
      if (++tries >= MOST_TRIES) break;
      if (!(await stillFails(smaller))) continue;
      smallest = smaller;
      better = true;
      break;
    }
  }
  return smallest;
}

function* smallerThan({ subject, messages }: FuzzCase): Generator<FuzzCase> {
  for (const some of pieces(messages)) yield { subject, messages: some };
  for (const [i, message] of messages.entries())
    for (const smaller of smallerMessages(message)) yield { subject, messages: messages.with(i, smaller) };
}

function* smallerMessages(message: FuzzMessage): Generator<FuzzMessage> {
  for (const records of pieces(message.records)) yield { ...message, records };
  const { damage, ...whole } = message;
  if (damage) yield whole;
  if (message.envelope !== 'none') yield { ...message, envelope: 'none' };
  if (message.packing !== 'none') yield { ...message, packing: 'none' };
  if (message.members === 2) yield { ...message, members: 1 };
  const { extra, ...bare } = message;
  if (extra) yield bare;
  if (message.told) yield { ...message, told: false };
  for (const [i, record] of message.records.entries())
    for (const text of shorter(record)) yield { ...message, records: message.records.with(i, { text }) };
}

/** Halves first, then all but one. */
function* pieces<T>(all: readonly T[]): Generator<readonly T[]> {
  if (all.length < 2) return;
  const middle = all.length >> 1;
  yield all.slice(0, middle);
  yield all.slice(middle);
  if (all.length > 2) for (const i of all.keys()) yield all.toSpliced(i, 1);
}

/** A planted event stays as it is: its loss is what may be looked for. */
function* shorter({ text, planted }: FuzzRecord): Generator<string> {
  if (planted !== undefined) return;
  for (let size = text.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at + size <= text.length; at += size) yield text.slice(0, at) + text.slice(at + size);
}
