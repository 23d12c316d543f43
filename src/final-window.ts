declare const unit: unique symbol;

/** A measure as text, of a unit where one is declared: an `Amount<'EUR'>` is text, and no `Amount<'USD'>`. */
export type Amount<U extends string = string> = string extends U ? string : string & { readonly [unit]?: U };

/** A window that is final, at one of its revisions: keys and measures as plain text, sums as exact decimals. */
export interface FinalWindow<
  K extends string = string,
  M extends string = string,
  U extends Readonly<Record<M, string>> = Readonly<Record<M, string>>,
> {
  /** Names table, window, key and revision, and so this content: the same however often it is delivered. Known again by it, it counts once. */
  readonly delivery: string;
  readonly table: string;
  /** RFC 3339, UTC. */
  readonly start: string;
  /** RFC 3339, UTC; the first moment that is not in the window. */
  readonly end: string;
  readonly key: Readonly<Record<K, string>>;
  /** `null` where nothing contributed. What is computed of several columns comes with them: a `mean` with `<name>_sum` and `<name>_count`. */
  readonly measures: { readonly [N in M]: Amount<U[N]> | null } & Readonly<Record<`${M}_${string}`, string | null>>;
  /** Counts merges; of two deliveries of a window the one with the higher revision is the later. */
  readonly revision: number;
  /** Whether it changed since it became final. */
  readonly revised: boolean;
  /** It was final, and is gone: a session that another one took in, which begins earlier. What it held is in that one. */
  readonly removed?: true;
}
