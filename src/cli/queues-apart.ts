import { ConfigError } from '../errors.ts';

/** A queue by its URL, under the name of its source. */
export interface NamedQueue {
  readonly source: string;
  readonly url: string;
}

/** @throws ConfigError when two of them are one queue: each message reaches one reader only, so the watermark would pass what the other has. */
export function queuesApart(queues: readonly NamedQueue[]): void {
  for (const [i, one] of queues.entries()) {
    const other = queues.slice(i + 1).find(({ url }) => isSameQueue(url, one.url));
    if (!other) continue;
    throw new ConfigError({
      where: '--queue',
      expected: 'each queue once',
      got: `'${one.source}' and '${other.source}', which are one (${one.url})`,
      fix: 'leave one out',
    });
  }
}

/** By account and name, whatever host leads there; regions tell queues apart where both URLs name one. */
export function isSameQueue(one: string, other: string): boolean {
  const [a, b] = [new URL(one), new URL(other)];
  const regions = [a, b].map(({ hostname }) => /(?:^|\.)(?:sqs|queue)\.([a-z0-9-]+)\./.exec(hostname)?.[1]);
  return a.pathname === b.pathname && (regions.includes(undefined) || regions[0] === regions[1]);
}
