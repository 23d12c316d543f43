import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second for programs, whatever the kernel's own tick. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU time in microseconds of a process, of its children that run, and of those that ended: of all of Postgres, given its postmaster.
 * `undefined` where there is no `/proc`.
 */
export function cpuOf(pid: number): number | undefined {
  const own = timesOf(pid);
  if (!own) return undefined;
  let ticks = own.self + own.ended;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const child = timesOf(Number(name));
    if (child?.parent === pid) ticks += child.self + child.ended;
  }
  return ticks * MICROS_PER_TICK;
}

function timesOf(pid: number): { parent: number; self: number; ended: number } | undefined {
  try {
    // "pid (any name) S ppid …": utime, stime, cutime and cstime are fields 14 to 17 of proc(5).
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const field = (n: number): number => Number(fields[n - 3]);
    return { parent: field(4), self: field(14) + field(15), ended: field(16) + field(17) };
  } catch {
    return undefined;
  }
}
