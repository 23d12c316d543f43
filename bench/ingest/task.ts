/** What the process of a server is told. */
export interface ServerTask {
  readonly endpoint: string;
  readonly region: string;
  readonly queue: string;
  readonly queueUrl: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** What the process that sends is told. */
export interface LoadTask {
  readonly url: string;
  readonly requests: number;
  /** Events of each. */
  readonly events: number;
  /** Requests under way at a time. */
  readonly connections: number;
}

/** What it found. */
export interface Load {
  readonly seconds: number;
  /** Of an answer, milliseconds. */
  readonly p50: number;
  readonly p99: number;
}
