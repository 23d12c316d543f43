/** A key or a contribution that does not fit its column: its event becomes a reject. */
export class Unfoldable extends Error {}
