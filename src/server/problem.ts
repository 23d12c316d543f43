import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** What was wrong with a request, in parts: what was expected, what came, and the likely fix. */
export interface ProblemParts {
  readonly status: ContentfulStatusCode;
  /** Names the kind of problem, for programs. */
  readonly code: string;
  readonly title: string;
  readonly expected: string;
  readonly got: string;
  readonly fix: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Members of its own, beside these. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A request that is not answered; becomes problem details (RFC 9457) where it leaves the server. */
export class Problem extends Error {
  readonly parts: ProblemParts;
  constructor(parts: ProblemParts, options?: ErrorOptions) {
    super(`${parts.title}: expected ${parts.expected}; got ${parts.got}. Fix: ${parts.fix}`, options);
    this.parts = parts;
  }
  override get name(): string {
    return 'Problem';
  }
}

/** A parameter that says nothing: which one, what it may say, what came. */
export const badParameter = (name: string, expected: string, got: string, fix: string): Problem =>
  new Problem({ status: 400, code: 'parameter', title: `parameter ${named(name)}`, expected, got, fix });

/** Something that is not there. */
export const notThere = (code: string, title: string, expected: string, got: string, fix: string): Problem =>
  new Problem({ status: 404, code, title, expected, got, fix });

const MOST_SHOWN = 120;
/** Those that terminals obey, and that end a line. */
const CONTROL = /[\p{Cc}\u2028\u2029]/gu;

/** What somebody sent, as it may stand in an answer: quoted, escaped and cut. */
export const named = (text: string): string =>
  `'${withoutControl(JSON.stringify(cut(text, MOST_SHOWN)).slice(1, -1))}'`;

/** A sentence that quotes somebody, as it may stand in an answer: cut, and without letters of control. */
export const shown = (text: string, most = MOST_SHOWN): string => withoutControl(cut(text, most));

const cut = (text: string, most: number): string =>
  (text.length > most ? `${text.slice(0, most)}…` : text).toWellFormed();

const withoutControl = (text: string): string =>
  text.replaceAll(CONTROL, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Problem details as they are sent. */
export function problemText({ status, code, title, expected, got, fix, details }: ProblemParts): string {
  const detail = `expected ${expected}; got ${got}. Fix: ${fix}`;
  const type = `urn:scalestream:problem:${code}`;
  return JSON.stringify({ type, title, status, detail, code, expected, got, fix, ...details });
}

/** Problem details as an answer. */
export function problemResponse({ parts }: Problem): Response {
  const { status, headers } = parts;
  const own = { 'cache-control': 'no-store', ...headers, 'content-type': 'application/problem+json' };
  return new Response(problemText(parts), { status, headers: own });
}
