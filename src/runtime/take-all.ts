import type { Claim, Outbox } from '../outbox.ts';
import type { OverBranch } from '../when-final.ts';
import type { Delivered } from './deliver.ts';
import { windowFold } from '../operators/window-fold.ts';

/** Most windows that are taken in one step. */
const MOST = 1_000;
/** So long nobody else takes them. */
const LEASE_MS = 60_000;

/**
 * Takes all final windows that are due into the table over them. One that cannot be folded (an accessor throws, a key is null) stays in the outbox with the
 * error, and is tried again: until then the windows that it may belong to are not final.
 *
 * @throws StoreError when the store cannot be asked.
 */
export async function takeAll(branch: OverBranch, outbox: Outbox, isClosed: () => boolean): Promise<Delivered> {
  const total = { delivered: 0, skipped: 0, failed: 0 };
  while (!isClosed()) {
    const claim = await outbox.claim(branch, MOST, LEASE_MS);
    if (claim.items.length === 0) break;
    const failed = await take(branch, outbox, claim);
    total.failed += failed;
    total.delivered += claim.items.length - failed;
  }
  return total;
}

async function take(branch: OverBranch, outbox: Outbox, claim: Claim): Promise<number> {
  const { rejects } = windowFold(
    branch.to,
    claim.items.map(({ window }) => window),
  );
  const fit = claim.items.filter((_, position) => !rejects.has(position));
  await outbox.take(
    branch,
    { ...claim, items: fit },
    windowFold(
      branch.to,
      fit.map(({ window }) => window),
    ),
  );
  for (const [position, { detail }] of rejects)
    await outbox.failed(branch, claim, [claim.items[position]?.window.delivery as string], detail);
  return rejects.size;
}
