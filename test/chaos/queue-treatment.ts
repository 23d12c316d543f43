import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../src/producer/random.ts';
import type { DeleteGuard } from './delete-guard.ts';
import type { Shipment, Shipments } from './shipments.ts';
import { type Call, type Ending, errorReply, type Reply } from './sqs-fault-proxy.ts';
import type { CallFault } from './sqs-faults.ts';
import type { Tally } from './tally.ts';

type Message = Record<string, unknown> & { readonly ReceiptHandle: string; readonly MessageId: string };
type Entry = { readonly Id: string; readonly ReceiptHandle: string };

/** Messages that will be handed out again although somebody holds them, shared by the proxies of one queue. */
export type Repeats = { readonly message: Message; readonly due: number }[];

/** What treats the calls of one worker. */
export interface Treatment {
  readonly treat: (call: Call) => Promise<Ending>;
}

export interface TreatmentOptions {
  readonly shipments: Shipments;
  readonly guard: DeleteGuard;
  readonly repeats: Repeats;
  readonly tally: Tally;
  /** What goes wrong with the next call of an action; nothing any more once the run settles. */
  readonly fault: (action: string) => CallFault | undefined;
  readonly random: Random;
  readonly onDelivered: (shipment: Shipment) => void;
  /** The guard has seen all of it in the database. */
  readonly onSafe: (shipment: Shipment) => void;
  readonly onViolation: (what: string) => void;
  /** Deletes at once what is delivered, as a consumer would that trusts itself. */
  readonly deleteFirst: boolean;
}

/** The attribute that names a shipment. */
export const SERIAL = 'chaos-serial';
const LATER_MS = 12_000;

export function queueTreatment(options: TreatmentOptions): Treatment {
  const { shipments, guard, repeats, tally, fault, random, onViolation } = options;

  async function treat(call: Call): Promise<Ending> {
    const { action } = call;
    const struck = fault(action);
    if (struck) tally.add(`fault sqs ${action}: ${struck.kind === 'error' ? struck.code : struck.kind}`);
    if (action === 'DeleteMessageBatch') await inspect(call.input['Entries'] as readonly Entry[]);
    if (struck?.kind === 'reset' || struck?.kind === 'black-hole') return { end: struck.kind };
    if (struck?.kind === 'error') return errorReply(struck);
    if (action === 'ReceiveMessage') return receive(call, struck);
    const reply = struck?.kind === 'failed' ? await partly(call, struck.share) : await call.forward();
    if (action === 'DeleteMessageBatch') settle(call, reply);
    if (struck?.kind === 'delay') await wait(struck.ms);
    if (struck?.kind === 'drop-response') return { end: 'drop-response' };
    if (struck?.kind === 'half-response') return { end: 'half-response', text: reply.text };
    return struck?.kind === 'failed-done' ? denied(reply) : reply;
  }

  /** The strongest check: before the queue hears of a delete, all that the messages carry is in the database. */
  async function inspect(entries: readonly Entry[]): Promise<void> {
    const named = entries.map(({ ReceiptHandle }) => shipments.byHandle(ReceiptHandle));
    const known = [...new Set(named.filter((shipment) => shipment !== undefined))];
    if (known.length < named.length) tally.add('seen delete calls with messages settled long ago or named twice');
    const missing = await guard.missing(known);
    if (missing !== undefined) {
      onViolation(missing);
      throw new Error(missing);
    }
    for (const shipment of known) options.onSafe(shipment);
  }

  function settle({ input }: Call, { status, text }: Reply): void {
    if (status !== 200) return;
    const done = new Set((JSON.parse(text) as { Successful?: Entry[] }).Successful?.map(({ Id }) => Id));
    for (const { Id, ReceiptHandle } of input['Entries'] as readonly Entry[]) {
      const shipment = done.has(Id) && shipments.byHandle(ReceiptHandle);
      if (shipment) shipments.settle(shipment);
    }
  }

  async function receive(call: Call, struck: CallFault | undefined): Promise<Ending> {
    if (struck?.kind === 'empty') return { status: 200, text: '{}' };
    const again = dueRepeats(Number(call.input['MaxNumberOfMessages'] ?? 1));
    if (again.length > 0) return deliver(again, { status: 200, text: JSON.stringify({ Messages: again }) });
    const reply = await call.forward();
    if (reply.status !== 200) return reply;
    const { Messages: messages = [] } = JSON.parse(reply.text) as { Messages?: Message[] };
    if (messages.length === 0) return reply;
    if (struck?.kind === 'delay') await wait(struck.ms);
    if (struck?.kind === 'drop-response') return { end: 'drop-response' };
    if (struck?.kind === 'half-response') return { end: 'half-response', text: reply.text };
    if (struck?.kind === 'again-later') {
      const due = performance.now() + random.below(LATER_MS);
      repeats.push(...messages.map((message) => ({ message, due })));
    }
    if (struck?.kind === 'take-back') takeBack(call, messages).catch(() => undefined);
    const given = struck?.kind === 'twice' ? [...messages, ...messages] : messages;
    if (struck?.kind === 'reorder' || struck?.kind === 'twice') shuffle(given);
    if (given === messages && struck?.kind !== 'reorder') return deliver(messages, reply);
    return deliver(given, { status: 200, text: JSON.stringify({ Messages: given }) });
  }

  async function deliver(messages: readonly Message[], reply: Reply): Promise<Reply> {
    for (const message of messages) {
      const attributes = message['MessageAttributes'] as Record<string, { StringValue: string }> | undefined;
      const shipment = shipments.bySerial(Number(attributes?.[SERIAL]?.StringValue));
      tally.add('seen deliveries');
      if (!shipment) continue;
      if (shipment.deliveries > 0) tally.add('seen redeliveries');
      tally.add('seen events delivered', shipment.manifest.events + shipment.manifest.rejects.length);
      shipments.delivered(shipment, message.MessageId, message.ReceiptHandle);
      options.onDelivered(shipment);
    }
    if (options.deleteFirst) await inspect(messages.map((message) => ({ ...message, Id: '' })));
    return reply;
  }

  function dueRepeats(most: number): Message[] {
    const now = performance.now();
    const due = repeats.findIndex((repeat) => repeat.due <= now);
    return due < 0 ? [] : repeats.splice(due, most).map(({ message }) => message);
  }

  /** The visibility of what was just delivered ends at once: somebody else gets it while it is held. */
  async function takeBack({ input, forward }: Call, messages: readonly Message[]): Promise<void> {
    await wait(random.below(1_000));
    const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 0 }));
    await forward({ QueueUrl: input['QueueUrl'], Entries }, 'ChangeMessageVisibilityBatch');
  }

  /** Some entries are refused for no fault of theirs; the server hears of the others. */
  async function partly({ input, forward }: Call, share: number): Promise<Reply> {
    const entries = input['Entries'] as readonly Entry[];
    const count = Math.max(1, Math.round(entries.length * share));
    const [failed, rest] = [entries.slice(0, count), entries.slice(count)];
    const reply = rest.length > 0 ? await forward({ ...input, Entries: rest }) : { status: 200, text: '{}' };
    if (reply.status !== 200) return reply;
    const answer = JSON.parse(reply.text) as { Failed?: object[] };
    const Failed = [...(answer.Failed ?? []), ...failed.map(({ Id }) => refusal(Id))];
    return { status: 200, text: JSON.stringify({ Successful: [], ...answer, Failed }) };
  }

  function shuffle(list: unknown[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [list[i], list[j]] = [list[j], list[i]];
    }
  }

  return { treat };
}

const refusal = (Id: string) => ({ Id, Code: 'InternalError', SenderFault: false, Message: 'try again' });

/** The server did it all, and says of all that it failed. */
function denied({ status, text }: Reply): Reply {
  const { Successful = [], Failed = [] } = JSON.parse(text) as { Successful?: Entry[]; Failed?: object[] };
  return {
    status,
    text: JSON.stringify({ Successful: [], Failed: [...Failed, ...Successful.map(({ Id }) => refusal(Id))] }),
  };
}
