import { identifier } from '../../codecs/json.ts';
import { Refusal } from '../../codecs/refusal.ts';
import type { AnyEvent, EventTable } from '../../event-table.ts';
import { asciiJson } from '../../producer/ascii-json.ts';
import type { RejectReason } from '../../reject.ts';
import { shown } from '../problem.ts';
import { idGiver } from './given-ids.ts';
import type { Records } from './records.ts';

/** Why an event was not accepted. */
export interface EventProblem {
  /** Its place among the events of the request, from 0. */
  readonly index: number;
  /** Its line in the body, from 1; only where events are lines. */
  readonly line?: number;
  readonly reason: RejectReason;
  /** What was expected and what came; of the first hundred. */
  readonly detail?: string;
}

/** The id that an event was given since it had none. */
export interface GivenId {
  readonly index: number;
  readonly id: string;
}

/** What becomes of the events of a request. */
export interface Judged {
  /** The JSON of those that are good, in ASCII: as it came, but for ids that were given. */
  readonly texts: readonly string[];
  /** Of each of these, its place among the events of the request. */
  readonly indexes: readonly number[];
  readonly problems: readonly EventProblem[];
  readonly given: readonly GivenId[];
}

export interface JudgeOptions {
  /** Milliseconds since 1970: as if it were sent to the queue now. */
  readonly now: number;
  /** Most bytes of an event in a message. */
  readonly mostBytes: number;
  /** Makes the id of the event at a place that has none. */
  readonly idOf: (index: number) => string;
}

/** Problems that are told in full: bad events may be many, and each is known by its place. */
const MOST_DETAILS = 100;
const MOST_DETAIL = 300;

/** Tells good events from bad ones, as the pipeline's decoder will: what is good here is no reject there, and what is bad here would be one. */
export function judge(table: EventTable<AnyEvent>): (records: Records, options: JudgeOptions) => Judged {
  const identify = identifier(table);
  const giveId = idGiver(table);
  return ({ texts: all, values, lines }, { now, mostBytes, idOf }) => {
    const texts: string[] = [];
    const indexes: number[] = [];
    const problems: EventProblem[] = [];
    const given: GivenId[] = [];

    /** The event's JSON as it is sent, or why it is not. */
    function judged(index: number, text: string, value: unknown): string | Refusal {
      if (value instanceof Refusal) return value;
      const own = giveId(value, text, () => idOf(index));
      const event = identify(own ? own.value : value, now);
      if (event instanceof Refusal) return event;
      const json = asciiJson(own ? own.text : text);
      if (json.length > mostBytes)
        return new Refusal('too-large', `expected at most ${mostBytes} bytes; got ${json.length}`);
      // a schema may make another id of it: then nobody would know the one that was told
      if (own && event.id !== own.id) return new Refusal('no-id', 'expected an id; got none');
      if (own) given.push({ index, id: own.id });
      return json;
    }

    for (let index = 0; index < all.length; index++) {
      const json = judged(index, all[index] as string, values[index]);
      if (!(json instanceof Refusal)) {
        texts.push(json);
        indexes.push(index);
        continue;
      }
      problems.push({
        index,
        ...(lines ? { line: lines[index] as number } : {}),
        reason: json.reason,
        ...(problems.length < MOST_DETAILS ? { detail: shown(json.detail, MOST_DETAIL) } : {}),
      });
    }
    return { texts, indexes, problems, given };
  };
}
