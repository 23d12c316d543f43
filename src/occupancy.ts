/** How often something was entered, how many are in it now, and for how long anybody was. Plain fields that somebody reads now and then. */
export class Occupancy {
  entered = 0;
  held = 0;
  #occupiedMs = 0;
  #since = 0;

  enter(now: number): void {
    this.entered += 1;
    if (this.held++ === 0) this.#since = now;
  }

  leave(now: number): void {
    if (--this.held === 0) this.#occupiedMs += now - this.#since;
  }

  /** Milliseconds with at least one in it, until `now`. */
  occupiedMs(now: number): number {
    return this.held === 0 ? this.#occupiedMs : this.#occupiedMs + now - this.#since;
  }
}
