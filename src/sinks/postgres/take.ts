import type { Claim, Outbox } from '../../outbox.ts';
import type { Pipeline } from '../../pipeline.ts';
import { eventTime } from '../../event-time.ts';
import type { Fold } from '../../store.ts';
import { storedOf } from '../../stored.ts';
import type { OverBranch } from '../../when-final.ts';
import { classify } from './classify.ts';
import type { Connection } from './connect.ts';
import { fencedNow } from './fenced.ts';
import { cellArrays } from './flush-parameters.ts';
import { storesEnd } from './merges.ts';
import { takeFunction } from './over-function.ts';
import { plainArray, textArray } from './quote.ts';

/**
 * Takes claimed windows out of the outbox into the table over them.
 *
 * Delivery: exactly once. What somebody else claimed meanwhile is left to them; an unknown outcome leaves rows that come back, or none.
 */
export function taker(connection: Connection, pipeline: Pipeline): Outbox['take'] {
  return async ({ to }: OverBranch, { token, items }: Claim, fold: Fold) => {
    const parameters = [
      pipeline.version,
      token,
      textArray(items.map(({ window }) => window.delivery)),
      textArray(items.map(({ line }) => line)),
      plainArray(items.map(({ window }) => eventTime(window.start) as number)),
      plainArray(items.map(({ window }) => window.revision)),
      ...storedOf(to).flatMap((stored, i) =>
        cellArrays(stored, i === 0 ? fold : fold.items[i - 1], i === 0 && storesEnd(to)),
      ),
    ];
    const given = parameters.map((_, i) => `$${i + 1}::text`).join(', ');
    try {
      const [row] = await connection.run<{ taken: number | null }>(
        `select ${takeFunction(to)}(array[${given}]) as taken`,
        parameters,
      );
      if (row?.taken === null) throw await fencedNow(connection, pipeline);
    } catch (error) {
      throw classify(error, pipeline.events.name);
    }
  };
}
