/** One thing taken away from the engine, and the tests that must miss it. */
export interface Mutation {
  /** What is gone, in words. */
  readonly name: string;
  /** The file under `src`. */
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Test files under `test`, as few as catch it. */
  readonly suites: readonly string[];
}
