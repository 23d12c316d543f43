import { StoreError } from '../../errors.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Ticked } from '../../timekeeping.ts';
import { classify, isSpent } from './classify.ts';
import { announceStatement, finaliseStatement } from './close-statements.ts';
import type { Connection } from './connect.ts';
import { forgetRevised } from './forget-revised.ts';
import { frontierDue, frontierScript } from './frontier.ts';
import { inParts, type Part } from './in-parts.ts';

/** So long a tick begins new statements where the first of a table left something: the next tick goes on. */
const BUDGET_MS = 2_000;

/** What a tick did, and whether it left something that is due. */
export interface Closed extends Ticked {
  readonly more?: true;
}

/**
 * Makes final what the watermark has passed, announces what was revised, and delivers both to what `whenFinal` declared: one statement after the other, each
 * of which may run in any number of workers at once. What fails keeps nothing else from being done; the first error is thrown in the end.
 */
export function closeWindows(connection: Connection, pipeline: Pipeline): () => Promise<Closed> {
  const { name, events } = pipeline;
  const windows = [...pipeline.windows, ...pipeline.over];
  const finalise = windows.map((table) => inParts(connection, pipeline, finaliseStatement(pipeline, table)));
  const announce = windows.map((table) => inParts(connection, pipeline, announceStatement(pipeline, table)));
  const due = frontierDue(pipeline);
  const frontier = events.late === 'divert' ? frontierScript(pipeline) : undefined;
  const forget = forgetRevised(connection, name);

  const passes = (error: unknown): boolean => ['retry', 'slow', 'event'].includes(classify(error, events.name).failure);

  async function moveFrontier(script: string): Promise<void> {
    if ((await connection.run<{ due: boolean }>(due))[0]?.due) await connection.script(script);
  }

  return async () => {
    const until = performance.now() + BUDGET_MS;
    const done = { final: 0, revised: 0 };
    let more = false;
    const counting = (what: keyof typeof done) => (part: (until: number) => Promise<Part>) => async () => {
      const { n, more: left } = await part(until);
      done[what] += n;
      more ||= left;
    };
    const failures: unknown[] = [];
    for (const step of [
      ...(frontier ? [() => moveFrontier(frontier)] : []),
      ...finalise.map(counting('final')),
      ...announce.map(counting('revised')),
      // Whoever comes next forgets as well.
      () => forget(until).catch(() => undefined),
    ]) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
        if (endsAll(error)) break;
      }
    }
    // What the worker must not go on after is told before what passes.
    if (failures.length > 0) throw failures.find((error) => !passes(error)) ?? failures[0];
    return { ...done, ...(more ? { more } : {}) };
  };
}

/** Another version is in force, or the database does not answer: what comes after it would fail as well, and take its time. */
const endsAll = (error: unknown): boolean => error instanceof StoreError || isSpent(error);
