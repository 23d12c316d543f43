import { spoken } from '../duration.ts';
import { ConfigError } from '../errors.ts';
import type { Pipeline } from '../pipeline.ts';
import { deadlines, statementWithin } from '../sinks/postgres/deadlines.ts';

/**
 * A message whose worker died comes back after its visibility timeout and is committed by another one: that must not make it late.
 *
 * @param setting what the visibility timeout is set by.
 * @throws ConfigError with the sum, where the lateness is not longer.
 */
export function latenessFits({ events }: Pipeline, visibilityMs: number, setting: string): void {
  const flushMs = deadlines(statementWithin(visibilityMs)).flush;
  const neededMs = visibilityMs + flushMs;
  if (events.lateness > neededMs) return;
  throw new ConfigError({
    where: `eventTable('${events.name}') lateness`,
    expected: `more than ${spoken(neededMs)}: ${spoken(visibilityMs)} until a message of a dead worker comes back + ${spoken(flushMs)} to commit it`,
    got: spoken(events.lateness),
    fix: `lateness: '${Math.floor(neededMs / 1_000) + 1}s', or a shorter ${setting}`,
  });
}
