/**
 * Something captured that is no JSON. It travels as a message of its own, its bytes unchanged, so that the consumer can reject it without
 * harm to its siblings.
 */
export class RawBody {
  readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
}
