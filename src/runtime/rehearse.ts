import { defer, EMPTY, lastValueFrom, timeout } from 'rxjs';
import { ConfigError, messageOf, undeclared } from '../errors.ts';
import { NO_OUTBOX } from '../outbox.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Describe, Store } from '../store.ts';

/** Nothing is received and nothing written: a graph that takes longer waits for something of its own. */
const DEADLINE_MS = 10_000;

/**
 * Runs a pipeline's graph without messages and without a database, so that what cannot work is found before anything starts.
 *
 * @param warn told of a declared table that nothing is folded into: a graph that folds by what events say may be right all the same.
 * @returns the inner graph of its transaction.
 * @throws ConfigError when the graph throws, does not complete with its messages, has no transaction, or folds into a table that the pipeline
 *   does not declare.
 */
export async function rehearse(
  pipeline: Pipeline,
  warn: (detail: string) => void = () => undefined,
): Promise<Describe> {
  const declared = new Set(pipeline.windows.map((table) => table.name));
  const folded = new Set<string>();
  let told: Describe | undefined;
  const store: Store = {
    prepare(describe, rehearsal) {
      told = describe;
      for (const { table } of rehearsal) {
        if (table.over) throw follows(table.name, table.of);
        if (!declared.has(table.name)) throw undeclared(table.name);
        folded.add(table.name);
      }
    },
    horizon: () => 0,
    commit: refuse,
    compare: refuse,
    time: { report: refuse, tick: refuse, outbox: NO_OUTBOX, retain: refuse, leave: refuse },
  };
  const graph$ = defer(() => pipeline.graph({ messages: EMPTY, store }));
  try {
    await lastValueFrom(graph$.pipe(timeout(DEADLINE_MS)), { defaultValue: undefined });
  } catch (error) {
    throw error instanceof ConfigError ? error : unusable(pipeline, messageOf(error), error);
  }
  if (!told) throw unusable(pipeline, 'no transaction');
  for (const name of declared) if (!folded.has(name)) warn(unfolded(pipeline, name));
  return told;
}

const unfolded = ({ name }: Pipeline, table: string): string =>
  `window table '${table}' is declared in pipeline '${name}', and nothing is folded into it: it stays empty. Fix: foldInto it in the transaction, or leave it out of pipeline('${name}', …)`;

/** Its windows are made of final ones, not of events. */
const follows = (table: string, of: string): ConfigError =>
  new ConfigError({
    where: `foldInto(${table})`,
    expected: 'a window table over events',
    got: `'${table}', which is over the windows of '${of}'`,
    fix: 'leave it out: it follows by itself',
  });

const refuse = (): Promise<never> => Promise.reject(new Error('a rehearsal commits nothing'));

function unusable({ name }: Pipeline, said: string, cause?: unknown): ConfigError {
  const [got = '', fix = 'compare it with src/pipelines/storefront.ts'] = said.split('. Fix: ');
  const expected = 'one transaction(store, …) that folds into declared tables';
  return new ConfigError({ where: `graph of pipeline '${name}'`, expected, got, fix }, { cause });
}
