/** Somebody who knows more about what events name: a table, a service. A declaration, which reaches nobody. */
export interface Lookup<V> {
  /** Stands in stages of custody and in errors, so no secret. */
  readonly name: string;
  /**
   * Called once by each graph that asks it, rehearsals too: connects to nobody before the first `find`.
   *
   * @throws ConfigError when it cannot work as it is declared.
   */
  open(): OpenLookup<V>;
}

/** A look-up at work. */
export interface OpenLookup<V> {
  /**
   * What is known of each of the keys, which are distinct and at least one; a key that is left out is not there. `signal` says that nobody waits for
   * the answer any more.
   *
   * @throws LookupError `fatal` for what no repetition mends. Whatever else it throws, it is asked again.
   */
  find(keys: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, V>>;
  /** The graph has ended: so do connections. */
  close?(): void | Promise<void>;
}
