import { merge } from 'rxjs';
import { expect, test } from 'vitest';
import { filterEvents, foldInto } from '../../src/index.ts';
import { rehearse } from '../../src/runtime/rehearse.ts';
import { orderPipeline, pace, trade } from '../support/orders.ts';
import { visiting } from '../over/visits.ts';

/** What a rehearsal warns of. */
async function warnings(pipeline: Parameters<typeof rehearse>[0]): Promise<string[]> {
  const said: string[] = [];
  await rehearse(pipeline, (detail) => void said.push(detail));
  return said;
}

test('a table that is declared and never folded into is told, with its name and what to do', async () => {
  expect(await warnings(orderPipeline())).toEqual([
    "window table 'pace' is declared in pipeline 'orders', and nothing is folded into it: it stays empty. Fix: foldInto it in the transaction, or leave it out of pipeline('orders', …)",
  ]);
});

test('nothing is said of a table that is folded into, though no event may pass the filter before it, nor of one over windows, which follows', async () => {
  const both = orderPipeline((fresh$) =>
    merge(
      fresh$.pipe(foldInto(trade)),
      fresh$.pipe(
        filterEvents(() => false),
        foldInto(pace),
      ),
    ),
  );
  expect(await warnings(both)).toEqual([]);
  expect(await warnings(visiting)).toEqual([]);
});
