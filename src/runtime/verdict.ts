import type { Pipeline } from '../pipeline.ts';
import type { Status } from '../sinks/postgres/status.ts';
import { type Fleet, fleetOf } from './fleet.ts';

/** How a pipeline does, in words. */
export interface Verdict {
  /** `keeps-up`; `behind`; `paused`: its workers receive nothing, since the database fails; `idle`: no events come; `stopped`: no worker lives. */
  readonly state: 'keeps-up' | 'behind' | 'paused' | 'idle' | 'stopped';
  /** One sentence that names the pipeline, and, where it does not keep up, what holds it. */
  readonly text: string;
}

/** A pipeline that is further behind than this does not keep up: a quiet one is up to 2 s behind, since that is how long an empty queue takes to be seen. */
const BEHIND_S = 5;
/** Who is busy for more of the time than this is what holds up the others. */
const SATURATED = 0.7;
/** A thread that works so much of the time has none left for answers to come in. */
const LOOP_SATURATED = 0.85;

/** Judges a pipeline by what its database tells of it. */
export function verdictOf({ name, events }: Pipeline, status: Status): Verdict {
  const fleet = fleetOf(status.workers);
  const live = status.workers.filter(({ state }) => state === 'live' || state === 'silent').length;
  const final = finalText(status);
  if (live === 0) return { state: 'stopped', text: `${name} is stopped: no worker lives; ${final}` };
  if (fleet.breaker > 0 && fleet.breaker === fleet.workers) {
    const text = `${name} is paused: its database fails, so its ${counted(live, 'worker')} stopped receiving; nothing is lost`;
    return { state: 'paused', text };
  }
  if (status.lag === null)
    return { state: 'idle', text: `${name} begins: nothing is known of its time yet; ${status.held}` };
  const behind = Math.max(0, status.lag - events.skew / 1_000);
  const rate = `${grouped(arrived(fleet))} events/s`;
  if (behind > BEHIND_S) {
    return { state: 'behind', text: `${name} is behind by ${spanText(behind)}: ${causeOf(status, fleet)}; ${rate}` };
  }
  if (fleet.rates.messages === 0) return { state: 'idle', text: `${name} waits for events: none come, ${final}` };
  return { state: 'keeps-up', text: `${name} keeps up: ${rate}, ${behind.toFixed(1)} s behind, ${final}` };
}

/** What holds the pipeline up: who is to be waited for, what fails, what is saturated; otherwise whatever the watermark waits for. */
function causeOf({ workers, unread, held }: Status, { breaker, retries, loop, stages }: Fleet): string {
  const heldText = `the watermark is held ${held}`;
  if (unread.length > 0 || workers.some(({ state }) => state === 'silent')) return heldText;
  if (breaker > 0) return `the database fails for ${counted(breaker, 'worker')}`;
  if (retries > 0) return `the database fails or is slow: ${counted(retries, 'flush', 'es')} repeated within 10 s`;
  if (loop >= LOOP_SATURATED) {
    return `its workers are saturated (JavaScript is ${percent(loop)} busy). Fix: start another one`;
  }
  const [worst] = stages.toSorted((a, b) => b.busy - a.busy);
  if (worst && worst.busy >= SATURATED) {
    const who = worst.stage === 'transaction' ? 'Postgres' : `stage '${worst.stage}'`;
    return worst.stage === 'receive' ? `it catches up` : `${who} is saturated (${percent(worst.busy)} busy)`;
  }
  return heldText;
}

const arrived = ({ rates }: Fleet): number =>
  Math.round(rates.committed + rates.duplicates + rates.rejected + rates.filtered + rates.diverted);

const finalText = ({ final }: Status): string =>
  final === null ? 'no window is final yet' : `all windows final to ${instantText(final)}`;

/** To the second; the day too unless it is today. */
function instantText(instant: string): string {
  const [day = '', time = ''] = instant.split('T');
  const today = new Date().toISOString().startsWith(day);
  return `${today ? '' : `${day} `}${time.slice(0, 8)} UTC`;
}

function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
const grouped = (n: number): string => n.toLocaleString('en-US');
const counted = (n: number, what: string, plural = 's'): string => `${grouped(n)} ${what}${n === 1 ? '' : plural}`;
