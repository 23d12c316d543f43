/** What a bench is told. */
export interface BenchOptions {
  /** How often each contender runs; they take turns. */
  readonly rounds: number;
  /** Contenders that run; all where it is absent. */
  readonly only?: readonly string[] | undefined;
  /** Tells a person what is going on. */
  readonly say: (line: string) => void;
}

/** What a bench found. */
export interface BenchResult {
  /** Rows of the table that is printed. */
  readonly table: readonly Readonly<Record<string, string | number>>[];
  /** Targets that were missed; none is a success. */
  readonly missed: readonly string[];
  /** The same as numbers, for `--json`. */
  readonly numbers: unknown;
}

/** One question, answered by measuring. */
export interface Bench {
  readonly name: string;
  readonly question: string;
  run(options: BenchOptions): Promise<BenchResult>;
}
