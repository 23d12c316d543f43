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
/** Those that JSON leaves as they are, and terminals obey. */
const CONTROL = /[\u007f-\u009f\u2028\u2029]/g;

/** What somebody sent, as it may stand in an answer: quoted, escaped and cut. */
export function named(text: string): string {
  const cut = text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
  return `'${JSON.stringify(cut.toWellFormed())
    .slice(1, -1)
    .replaceAll(CONTROL, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}

/** Problem details as they are sent. */
export function problemText({ status, code, title, expected, got, fix }: ProblemParts): string {
  const detail = `expected ${expected}; got ${got}. Fix: ${fix}`;
  return JSON.stringify({ type: `urn:scalestream:problem:${code}`, title, status, detail, code, expected, got, fix });
}

/** Problem details as an answer. */
export function problemResponse({ parts }: Problem): Response {
  const { status, headers } = parts;
  const own = { 'cache-control': 'no-store', ...headers, 'content-type': 'application/problem+json' };
  return new Response(problemText(parts), { status, headers: own });
}
