/** What bounds a pack of events. */
export interface PackOptions {
  /** Events in a pack at most. Default: as many as the bytes allow. */
  readonly events?: number;
  /** Bytes of a pack at most. An event that is larger by itself becomes a pack by itself. */
  readonly bytes: number;
}

/** Groups events into packs, in order; none is lost, none is in two packs. */
export interface Packer {
  /** Bytes that wait for their pack to fill. */
  readonly waiting: number;
  /** Adds the JSON of one event (ASCII). Calls `seal` for each pack that this completes. */
  add(json: string): void;
  /** Seals what waits, full or not. */
  flush(): void;
}

/**
 * Packs events: a pack is sealed when it has `events` events, or when the next event would take its body (see {@link bodyOf}) beyond `bytes`.
 *
 * @example
 * const packer = pack({ events: 500, bytes: 65_536 }, (events) => send(bodyOf(events)));
 */
export function pack(
  { events = Number.POSITIVE_INFINITY, bytes }: PackOptions,
  seal: (events: readonly string[]) => void,
): Packer {
  let waiting: string[] = [];
  let size = 0;
  const flush = () => {
    if (waiting.length === 0) return;
    const sealed = waiting;
    waiting = [];
    size = 0;
    seal(sealed);
  };
  return {
    get waiting() {
      return size;
    },
    add(json) {
      // Each event brings a comma or a bracket; the pack one bracket more.
      if (waiting.length > 0 && size + json.length + 2 > bytes) flush();
      waiting.push(json);
      size += json.length + 1;
      if (waiting.length >= events) flush();
    },
    flush,
  };
}

/** The body of a pack: one object as it is, anything else as a JSON array. */
export const bodyOf = (events: readonly string[]): string =>
  events.length === 1 && events[0]?.trimStart().startsWith('{') ? events[0] : `[${events.join(',')}]`;
