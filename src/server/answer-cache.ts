import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** An answer as it is sent. */
export interface Answer {
  readonly contentType: string;
  readonly body: string;
  /** Beside the body: what it would say of itself, where its format has no room. */
  readonly headers: Readonly<Record<string, string>>;
  readonly etag: string;
}

/** An answer as it is made: what it says, and as of when. */
export interface Draft extends Omit<Answer, 'etag' | 'body'> {
  /** The body, but for the moment. */
  readonly content: string;
  /** Puts the moment in. */
  readonly dated: (content: string, asOf: string) => string;
  readonly asOf: string;
}

export interface AnswerCacheOptions {
  /** How old an answer may be when it is given again, milliseconds. `0`: none is. Default 200. */
  readonly staleMs?: number;
  /** Memory that answers may take, in characters; those that are given again as they are may take as much. Default 32 Mi. */
  readonly maxSize?: number;
}

/** An answer, from when it is to be made again, and until when it may be given meanwhile, by the clock of `performance`. */
export interface Given {
  readonly answer: Answer;
  readonly renew: number;
  readonly until: number;
}

/** Default of `maxSize`. */
export const MOST_SIZE = 32 * 2 ** 20;

/** Answers by what was asked. */
export interface AnswerCache {
  /**
   * Gives the answer that is there, or joins whoever is making it, or makes it. So an answer is at most `staleMs` older than its request, and the time that
   * its making took. One that will be
   * too old before long is made again while it is still given: where many ask, nobody waits.
   */
  get(asked: string, make: () => Promise<Draft>): Promise<Given>;
}

interface Kept {
  readonly answer: Answer;
  readonly content: string;
  readonly at: number;
  /** What its making took. */
  readonly tookMs: number;
}

/** An answer is made again so many times before it is too old as its making took. */
const AHEAD = 3;

/**
 * A thousand dashboards that ask the same are one question. An answer that says what the one before it said is that one, `asOf` included: it has the same
 * strong ETag, so who has it is told so (304).
 */
export function answerCache({ staleMs = 200, maxSize = MOST_SIZE }: AnswerCacheOptions = {}): AnswerCache {
  const kept = new LRUCache<string, Kept>({ maxSize, sizeCalculation: ({ content }) => content.length + 1_000 });
  const making = new Map<string, Promise<Given>>();
  const renewing = ({ at, tookMs }: Kept): number => at + staleMs - Math.min(staleMs / 2, tookMs * AHEAD);
  const given = (known: Kept): Given => ({ answer: known.answer, renew: renewing(known), until: known.at + staleMs });

  async function made(asked: string, make: () => Promise<Draft>): Promise<Given> {
    const at = performance.now();
    try {
      const draft = await make();
      const before = kept.peek(asked);
      const tookMs = performance.now() - at;
      const isSame = before?.content === draft.content;
      const next: Kept = { answer: isSame ? before.answer : finished(draft), content: draft.content, at, tookMs };
      kept.set(asked, next);
      return given(next);
    } finally {
      making.delete(asked);
    }
  }

  return {
    get(asked, make) {
      const known = kept.get(asked);
      const now = performance.now();
      const isOld = !known || now - known.at >= staleMs;
      let answer = making.get(asked);
      if (!answer && (isOld || now >= renewing(known))) {
        answer = made(asked, make);
        making.set(asked, answer);
      }
      if (isOld) return answer as Promise<Given>;
      // whoever asks when it is too old is told why it cannot be made
      answer?.catch(() => undefined);
      return Promise.resolve(given(known));
    },
  };
}

function finished({ content, dated, asOf, contentType, headers }: Draft): Answer {
  const body = dated(content, asOf);
  const etag = `"${createHash('sha256').update(body).update(JSON.stringify(headers)).digest('base64url').slice(0, 27)}"`;
  return { contentType, headers, body, etag };
}

const END = '}}';

/** JSON whose last member is `meta`, in which `asOf` comes last. */
export function jsonDraft(members: string, meta: Readonly<Record<string, unknown>>, asOf: string): Draft {
  return {
    contentType: 'application/json',
    headers: {},
    content: `{${members},"meta":${JSON.stringify(meta).slice(0, -1)}`,
    dated: (content, moment) =>
      `${content}${Object.keys(meta).length > 0 ? ',' : ''}"asOf":${JSON.stringify(moment)}${END}`,
    asOf,
  };
}
