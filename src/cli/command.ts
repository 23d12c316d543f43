/** A verb of the command line. */
export interface Command {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What `--help` prints: usage, flags, examples. */
  readonly help: string;
  /** Resolves with the exit code. @throws ConfigError before anything starts when a flag or variable cannot work. */
  run(
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    io: { out(line: string): void; err(line: string): void },
  ): Promise<number>;
}
