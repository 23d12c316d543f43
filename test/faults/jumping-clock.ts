import { writeSync } from 'node:fs';

// Loaded into a worker process before its own code: at each SIGUSR2 the wall clock jumps to the next of CLOCK_JUMPS, hours from the true time.

const HOUR_MS = 3_600_000;
const STDERR = 2;
const jumps = (process.env['CLOCK_JUMPS'] ?? '').split(',').map(Number);
const TrueDate = globalThis.Date;
let offset = 0;

class JumpingDate extends TrueDate {
  constructor(...given: ConstructorParameters<DateConstructor> | []) {
    if (given.length === 0) super(JumpingDate.now());
    else super(...given);
  }

  static override now(): number {
    return TrueDate.now() + offset;
  }
}

globalThis.Date = JumpingDate as DateConstructor;
process.on('SIGUSR2', () => {
  const hours = jumps.shift() ?? 0;
  offset = hours * HOUR_MS;
  writeSync(STDERR, `the clock is ${hours} h off\n`);
});
