import type { Claim, Outbox } from '../outbox.ts';
import type { OverBranch } from '../when-final.ts';
import { messageOf, StoreError } from '../errors.ts';
import type { Delivered } from './deliver.ts';
import { windowFold } from '../operators/window-fold.ts';

/** Most windows that are taken in one step. */
const MOST = 1_000;
/** So long nobody else takes them. */
const LEASE_MS = 60_000;

/**
 * Takes all final windows that are due into the table over them. One that cannot be folded (an accessor throws, a key is null), or that the store refuses, stays
 * in the outbox with the error, and is tried again: until then the windows that it may belong to are not final.
 *
 * @throws StoreError when the store cannot be asked.
 */
export async function takeAll(branch: OverBranch, outbox: Outbox, isClosed: () => boolean): Promise<Delivered> {
  const total = { delivered: 0, skipped: 0, failed: 0 };
  while (!isClosed()) {
    const claim = await outbox.claim(branch, MOST, LEASE_MS);
    if (claim.items.length === 0) break;
    const { delivered, failed } = await take(branch, outbox, claim, isClosed);
    total.failed += failed;
    total.delivered += delivered;
  }
  return total;
}

type Taken = Omit<Delivered, 'skipped'>;
const NOTHING: Taken = { delivered: 0, failed: 0 };
const both = (a: Taken, b: Taken): Taken => ({ delivered: a.delivered + b.delivered, failed: a.failed + b.failed });

async function take(branch: OverBranch, outbox: Outbox, claim: Claim, isClosed: () => boolean): Promise<Taken> {
  const { rejects } = windowFold(
    branch.to,
    claim.items.map(({ window }) => window),
  );
  const fit = claim.items.filter((_, position) => !rejects.has(position));
  const taken = await inHalves(branch, outbox, { ...claim, items: fit }, isClosed);
  for (const [position, { detail }] of rejects)
    await outbox.failed(branch, claim, [claim.items[position]?.window.delivery as string], detail);
  return both(taken, { delivered: 0, failed: rejects.size });
}

/** Of what the store refuses, or takes too long for, all but the windows that cause it, each of them alone. What is left when it is closed comes back. */
async function inHalves(branch: OverBranch, outbox: Outbox, claim: Claim, isClosed: () => boolean): Promise<Taken> {
  const { items } = claim;
  try {
    const fold = windowFold(
      branch.to,
      items.map(({ window }) => window),
    );
    await outbox.take(branch, claim, fold);
    return { delivered: items.length, failed: 0 };
  } catch (error) {
    const isOfWindows = error instanceof StoreError && (error.failure === 'event' || error.failure === 'slow');
    if (!isOfWindows || items.length === 0) throw error;
    if (items.length === 1) {
      await outbox.failed(branch, claim, [items[0]?.window.delivery as string], messageOf(error));
      return { delivered: 0, failed: 1 };
    }
    const half = Math.ceil(items.length / 2);
    let taken = NOTHING;
    for (const part of [items.slice(0, half), items.slice(half)])
      if (!isClosed()) taken = both(taken, await inHalves(branch, outbox, { ...claim, items: part }, isClosed));
    return taken;
  }
}
