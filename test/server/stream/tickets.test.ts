import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { tickets } from '../../../src/server/stream/tickets.ts';
import { asTokens } from '../../../src/server/index.ts';

const sha256 = createHash('sha256').update('secret').digest('hex');
const TOKENS = asTokens({ tokens: [{ name: 'page', sha256, scopes: ['read'], keys: { country: ['DE'] } }] });
const PAGE = { name: 'page', scopes: ['read'], keys: { country: ['DE'] } } as const;
const MINUTE = 60_000;

function clocked() {
  let now = Date.UTC(2026, 0, 1);
  const own = tickets(TOKENS, () => now);
  return { own, at: (ms: number) => void (now = Date.UTC(2026, 0, 1) + ms) };
}

test('a ticket begins a stream within a minute, for the caller that its token is', () => {
  const { own, at } = clocked();
  const { ticket, expiresAt } = own.issue(PAGE, 'shop');
  expect(expiresAt).toBe('2026-01-01T00:01:00.000Z');
  at(MINUTE - 1);
  expect(own.callerOf(ticket, 'shop', undefined)).toEqual(PAGE);
  expect(own.callerOf(ticket, 'other', undefined)).toBeUndefined();
  at(MINUTE);
  expect(own.callerOf(ticket, 'shop', undefined)).toBeUndefined();
});

test('later it is good together with an id that it brought within ten minutes, for a day', () => {
  const { own, at } = clocked();
  const { ticket } = own.issue(PAGE, undefined);
  const proof = own.proof(ticket);
  at(30 * MINUTE);
  const id = `id${proof()}`;
  at(39 * MINUTE);
  expect(own.callerOf(ticket, 'shop', id)).toEqual(PAGE);
  expect(own.callerOf(ticket, 'shop', 'id')).toBeUndefined();
  expect(own.callerOf(own.issue(PAGE, undefined).ticket, 'shop', id)).toEqual(PAGE);
  at(41 * MINUTE);
  expect(own.callerOf(ticket, 'shop', id)).toBeUndefined();
  at(24 * 60 * MINUTE);
  expect(own.callerOf(ticket, 'shop', `id${proof()}`)).toBeUndefined();
});

test('the proof of one ticket is none of another', () => {
  const { own, at } = clocked();
  const [one, other] = [own.issue(PAGE, undefined).ticket, own.issue(PAGE, undefined).ticket];
  at(5 * MINUTE);
  expect(own.callerOf(one, 'shop', `id${own.proof(one)()}`)).toEqual(PAGE);
  expect(own.callerOf(one, 'shop', `id${own.proof(other)()}`)).toBeUndefined();
});

test('whoever has a ticket of a token whose bounds changed has none', () => {
  const { own } = clocked();
  const { ticket } = own.issue(PAGE, undefined);
  const narrower = tickets([{ ...TOKENS[0], name: 'page', sha256, scopes: ['read'], keys: { country: ['AT'] } }], () =>
    Date.UTC(2026, 0, 1),
  );
  expect(narrower.callerOf(ticket, 'shop', undefined)).toBeUndefined();
});
