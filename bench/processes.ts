import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second for programs, whatever the kernel's own tick. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU time in microseconds of a process, of its children that run, and of those that ended: of all of Postgres, given its postmaster.
 * `undefined` where there is no `/proc`.
 */
export function cpuOf(pid: number): number | undefined {
  if (!statOf(pid)) return undefined;
  let ticks = 0;
  for (const each of familyOf(pid)) {
    // utime, stime, cutime and cstime
    const stat = statOf(each);
    if (stat) ticks += stat(14) + stat(15) + stat(16) + stat(17);
  }
  return ticks * MICROS_PER_TICK;
}

/** A process and its children that run; none where there is no `/proc`. */
export function familyOf(pid: number): readonly number[] {
  if (!statOf(pid)) return [];
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return [pid, ...others.map(Number).filter((other) => statOf(other)?.(4) === pid)];
}

/** Resident memory of a process in bytes; `undefined` when it is gone or there is no `/proc`. */
export function rssOf(pid: number): number | undefined {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    return undefined;
  }
}

/** The fields of `/proc/PID/stat`, numbered from 1 as in proc(5). */
function statOf(pid: number): ((field: number) => number) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is a name in parentheses that may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (field) => Number(fields[field - 3]);
  } catch {
    return undefined;
  }
}
