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
  /** Memory that answers may take, in characters. Default 32 Mi. */
  readonly maxSize?: number;
}

/** Answers by what was asked. */
export interface AnswerCache {
  /**
   * Gives the answer that is there, or joins whoever is making it, or makes it. So an answer is at most `staleMs` older than its request, and the time that
   * its making took.
   */
  get(asked: string, make: () => Promise<Draft>): Promise<Answer>;
}

interface Kept {
  readonly answer: Answer;
  readonly content: string;
  readonly at: number;
}

/**
 * A thousand dashboards that ask the same are one question. An answer that says what the one before it said is that one, `asOf` included: it has the same
 * strong ETag, so who has it is told so (304).
 */
export function answerCache({ staleMs = 200, maxSize = 32 * 2 ** 20 }: AnswerCacheOptions = {}): AnswerCache {
  const kept = new LRUCache<string, Kept>({ maxSize, sizeCalculation: ({ content }) => content.length + 1_000 });
  const making = new Map<string, Promise<Answer>>();
  return {
    get(asked, make) {
      const known = kept.get(asked);
      if (known && performance.now() - known.at < staleMs) return Promise.resolve(known.answer);
      let answer = making.get(asked);
      if (!answer) {
        const at = performance.now();
        answer = make()
          .then((draft) => {
            const before = kept.peek(asked);
            const next =
              before?.content === draft.content
                ? { ...before, at }
                : { answer: finished(draft), content: draft.content, at };
            kept.set(asked, next);
            return next.answer;
          })
          .finally(() => making.delete(asked));
        making.set(asked, answer);
      }
      return answer;
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
