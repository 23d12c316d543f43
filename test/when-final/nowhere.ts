import type { FinalSink, OpenSink, Parcel } from '../../src/final-sink.ts';

/** A sink of a test: it does what `send` says, and remembers nothing. */
export const nowhere = (
  send: OpenSink['send'] = async () => new Map(),
  given: Partial<FinalSink> & { readonly most?: number } = {},
): FinalSink => {
  const { most = 10, ...sink } = given;
  return {
    kind: 'sink',
    name: 'a test',
    ordered: false,
    open: async () => ({ most, send, close: () => undefined }),
    ...sink,
  };
};

/** A sink that keeps what it is sent. */
export function collecting(given: Parameters<typeof nowhere>[1] = {}): {
  readonly sink: FinalSink;
  readonly got: Parcel[];
} {
  const got: Parcel[] = [];
  const sink = nowhere(async (parcels) => {
    got.push(...parcels);
    return new Map();
  }, given);
  return { sink, got };
}
