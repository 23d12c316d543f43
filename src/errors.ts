/**
 * The few kinds of error there are. An event that cannot be processed is no error: it is a {@link Reject}.
 * Each message says what was expected, what came, where, and the likely fix.
 */
export abstract class ScaleStreamError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** A declaration, flag or environment variable that cannot work; found before anything starts (exit code 78). */
export class ConfigError extends ScaleStreamError {
  readonly code = 'CONFIG';
  constructor(
    parts: { readonly where: string; readonly expected: string; readonly got: string; readonly fix: string },
    options?: ErrorOptions,
  ) {
    super(`${parts.where}: expected ${parts.expected}; got ${parts.got}. Fix: ${parts.fix}`, options);
  }
}

/** Something in a pipeline's graph that its author must change: a lost batch, a thrown operator, an undeclared table. */
export class PipelineError extends ScaleStreamError {
  readonly code = 'PIPELINE';
  readonly pipeline: string;
  readonly stage: string;
  constructor(pipeline: string, stage: string, message: string, options?: ErrorOptions) {
    super(`pipeline '${pipeline}', stage '${stage}': ${message}`, options);
    this.pipeline = pipeline;
    this.stage = stage;
  }
}

/**
 * What a store's failure means for the flush that met it:
 * - `retry`: nothing was written, or it is unknown (a connection lost after the statement was sent): run the same flush again.
 * - `slow`: it ran into its time limit and wrote nothing: repeat it in halves.
 * - `event`: one event of the flush caused it (bad text, out of range): bisect until it stands alone as a reject.
 * - `horizon`: the retention horizon moved on: read it again, then repeat.
 * - `fenced`: another version of the pipeline took over: stop.
 * - `fatal`: schema, permission or configuration: stop, delete nothing.
 */
export type StoreFailure = 'retry' | 'slow' | 'event' | 'horizon' | 'fenced' | 'fatal';

/** A store could not commit a flush. `reason` is the SQLSTATE or the driver's code. */
export class StoreError extends ScaleStreamError {
  readonly code = 'STORE';
  readonly failure: StoreFailure;
  readonly reason: string;
  constructor(failure: StoreFailure, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.reason = reason;
  }
}

/** A queue could not be reached or refused: which, why, and what to try. */
export class SourceError extends ScaleStreamError {
  readonly code = 'SOURCE';
  readonly reason: string;
  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/**
 * What a look-up's failure means for the batch that waits for it:
 * - `retry`: no answer in time, nobody there, overloaded: ask again.
 * - `fatal`: no repetition mends it (permission, a table that is not there, a wrong address): stop, delete nothing.
 */
export type LookupFailure = 'retry' | 'fatal';

/** A look-up got no answer. `reason` is the SQLSTATE, the HTTP status or the network's code. */
export class LookupError extends ScaleStreamError {
  readonly code = 'LOOKUP';
  readonly failure: LookupFailure;
  readonly reason: string;
  constructor(failure: LookupFailure, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
    this.reason = reason;
  }
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return Object.prototype.toString.call(error); // an object without a prototype has no text
  }
}

/** The error for a graph that folds into a table its pipeline does not declare. */
export function undeclared(table: string): StoreError {
  const message = `the graph folds into '${table}', which its pipeline does not declare. Fix: add it to the tables of pipeline(…)`;
  return new StoreError('fatal', 'undeclared', message);
}
