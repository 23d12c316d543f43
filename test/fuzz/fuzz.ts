import type { Pipeline } from '../../src/index.ts';
import { configuration } from './configurations.ts';
import { type Dice, dice } from './dice.ts';
import type { FuzzCase } from './fuzz-case.ts';
import { generator } from './generate-case.ts';
import type { Ground } from './ground.ts';
import { type CaseResult, type Field, field, reasonsOf, runCase } from './run-case.ts';
import { shrink } from './shrink.ts';
import { subjects } from './subjects.ts';

export interface FuzzOptions {
  /** Records, and configurations, in all. */
  readonly inputs: number;
  readonly seed: number;
  /** Makes the ground of a pipeline that is kept for the whole run, a real database's; default: the memory store, a new one for each case. */
  readonly real?: (pipeline: Pipeline) => Promise<Ground>;
  /** Share of the inputs that are configurations, in hundredths. Default 5. */
  readonly configurations?: number;
  /** Told before each case, so that somebody can tell which one does not end. */
  readonly onCase?: (seed: number, inputs: number) => void;
}

/** What a run met. The line of a finding replays it. */
export interface FuzzReport {
  readonly seed: number;
  readonly inputs: number;
  readonly records: number;
  readonly messages: number;
  readonly configurations: number;
  readonly cases: number;
  /** Good events that stood beside bad ones and had to be found again. */
  readonly planted: number;
  readonly committed: number;
  readonly rejected: number;
  readonly duplicates: number;
  /** Milliseconds that the slowest case took. */
  readonly slowestMs: number;
  readonly findings: readonly string[];
  /** Rejects by reason. */
  readonly reasons: ReadonlyMap<string, number>;
}

/** A run stops looking after so many. */
const MOST_FINDINGS = 20;

/** Throws inputs at the engine; whatever it should not do is a finding, shrunk, with its seed. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const { inputs, seed, real, configurations: share = 5, onCase } = options;
  const chances = dice(seed);
  const make = generator(chances);
  const fields = new Map<string, Field>();
  const total = {
    records: 0,
    messages: 0,
    configurations: 0,
    cases: 0,
    planted: 0,
    committed: 0,
    rejected: 0,
    duplicates: 0,
    slowestMs: 0,
  };
  const findings: string[] = [];
  const reasons = new Map<string, number>();

  const fieldOf = async (subject: string): Promise<Field> => {
    if (!real) return field(subject);
    const { pipeline } = field(subject);
    const ground = await real(pipeline);
    const kept = fields.get(subject) ?? field(subject, () => ground);
    fields.set(subject, kept);
    return kept;
  };

  while (total.records + total.configurations < inputs && findings.length < MOST_FINDINGS) {
    const caseSeed = seed * 1_000_003 + total.cases;
    onCase?.(caseSeed, total.records + total.configurations);
    const made = make(subjects[total.cases % subjects.length]?.name);
    const started = performance.now();
    const result = await guarded(() => fieldOf(made.subject).then((on) => runCase(made, caseSeed, on)));
    total.slowestMs = Math.max(total.slowestMs, performance.now() - started);
    total.cases++;
    total.messages += made.messages.length;
    total.records += made.messages.reduce((n, { records }) => n + records.length, 0);
    for (const name of ['planted', 'committed', 'rejected', 'duplicates'] as const) total[name] += result[name];
    if (!real) add(reasons, result.reasons);
    if (result.violations.length > 0) findings.push(await told(made, caseSeed, result.violations, real !== undefined));
    findings.push(
      ...(await configure(chances, Math.round((total.records * share) / (100 - share)) - total.configurations)),
    );
    total.configurations = Math.round((total.records * share) / (100 - share));
  }
  for (const { ground } of fields.values()) add(reasons, reasonsOf(ground.memory));
  return { seed, inputs: total.records + total.configurations, ...total, findings, reasons };
}

function add(to: Map<string, number>, from: ReadonlyMap<string, number>): void {
  for (const [reason, n] of from) to.set(reason, (to.get(reason) ?? 0) + n);
}

async function configure(chances: Dice, times: number): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < times && found.length < 3; n++) {
    const violation = await configuration(chances);
    if (violation !== undefined) found.push(violation);
  }
  return found;
}

/** A case that throws past the engine is a finding too. */
async function guarded(run: () => Promise<CaseResult>): Promise<CaseResult> {
  try {
    return await run();
  } catch (error) {
    return {
      violations: [`thrown: ${String((error as Error).stack).slice(0, 300)}`],
      inputs: 0,
      planted: 0,
      committed: 0,
      rejected: 0,
      duplicates: 0,
      reasons: new Map(),
    };
  }
}

/** The finding with the smallest case that shows it; with a database, whose rows stay, the case as it was. */
async function told(made: FuzzCase, seed: number, violations: readonly string[], asItWas: boolean): Promise<string> {
  const fails = async (smaller: FuzzCase): Promise<boolean> =>
    (await guarded(() => runCase(smaller, seed))).violations.length > 0;
  const smallest = asItWas && !(await fails(made)) ? made : await shrink(made, fails);
  const [said = ''] = smallest === made ? violations : (await guarded(() => runCase(smallest, seed))).violations;
  return `${said}\n  seed ${seed}: --replay '${JSON.stringify(smallest).replaceAll("'", String.raw`\u0027`)}'`;
}
