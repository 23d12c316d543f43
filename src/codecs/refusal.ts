import type { RejectReason } from '../reject.ts';

/** Why a text cannot be used; becomes a reject. Made without a stack: bad input is no exception here. */
export class Refusal {
  readonly reason: RejectReason;
  readonly detail: string;
  constructor(reason: RejectReason, detail: string) {
    this.reason = reason;
    this.detail = detail;
  }
}
