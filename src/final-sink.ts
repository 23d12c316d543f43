/** Where services are and who asks, for sinks that do not say it themselves. */
export interface SinkDefaults {
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly credentials?:
    | { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }
    | undefined;
}

/** A delivery as a sink sends it. */
export interface Parcel {
  /** The same each time that it is sent: what the receiver knows it again by. ASCII, less than 255 characters. */
  readonly delivery: string;
  /** Names window table and key: letters and digits. */
  readonly line: string;
  readonly body: string;
}

/** A sink that is connected. */
export interface OpenSink {
  /** How many it is given at once, at most. */
  readonly most: number;
  /** The URL of the queue that it sends to, where it is one. */
  readonly queue?: string;
  /**
   * Sends them, each at least once or not at all, within seconds.
   *
   * @returns by delivery, why it did not arrive; no word of a secret. What is not named arrived.
   * @throws Error when none arrived.
   */
  send(parcels: readonly Parcel[]): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

/** A place outside the database that takes final windows. */
export interface FinalSink {
  readonly kind: 'sink';
  /** For people, without secrets. */
  readonly name: string;
  /** Whether parcels of one line arrive in order: the next is sent when the one before has arrived. */
  readonly ordered: boolean;
  /** @throws ConfigError when it cannot work; any other error when that cannot be told now. */
  open(defaults: SinkDefaults): Promise<OpenSink>;
}

/** A table beside the window table; see `toTable`. */
export interface FinalTable {
  readonly kind: 'table';
  readonly name: string;
}
