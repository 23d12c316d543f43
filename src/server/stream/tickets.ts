import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { isRecord } from '../../declared.ts';
import { ANYBODY, type Caller, type Token } from '../tokens.ts';

/**
 * Tickets for streams: browsers send no headers with an `EventSource`, so its URL says who asks. A ticket is signed with the digest of its token, which all servers
 * know and nobody sends: any of them accepts it, and none keeps it.
 *
 * An `EventSource` comes back to the same URL. So a ticket is good to begin with for a minute, and after that only together with the id of an event that was sent for
 * it not long ago: such an id ends with a {@link Tickets.proof proof}. A URL alone that somebody finds later is worth nothing.
 */
export interface Tickets {
  /** @param pipeline the one whose streams it is good for; `undefined`: all of them. */
  issue(caller: Caller, pipeline: string | undefined): { readonly ticket: string; readonly expiresAt: string };
  /**
   * Who brings it; `undefined`: nobody who may.
   *
   * @param lastEventId of the stream that goes on.
   */
  callerOf(ticket: string, pipeline: string, lastEventId: string | undefined): Caller | undefined;
  /** Tells what an id ends with that is sent now. */
  proof(ticket: string): () => string;
}

/** To begin with, milliseconds. */
const BEGIN_MS = 60_000;
/** To come back after the last event, milliseconds. */
const RESUME_MS = 10 * 60_000;
/** However often it comes back, milliseconds. */
const LIFE_MS = 24 * 3_600_000;
const MOST_TICKET = 600;
/** Proofs are made once in so long. */
const PROOF_MS = 10_000;

/** Its tickets are never looked at. */
const NOBODY: Token = { name: ANYBODY.name, sha256: '', scopes: ['read'] };

interface Claims {
  readonly name: string;
  readonly pipeline?: string;
  /** Milliseconds since 1970. */
  readonly issued: number;
  readonly nonce: string;
}

/**
 * @param tokens whose tickets; `undefined`: nobody needs one, and whoever asks gets one that says nothing.
 * @param now milliseconds since 1970.
 */
export function tickets(tokens: readonly Token[] | undefined, now: () => number = Date.now): Tickets {
  const signers = new Map(
    (tokens ?? [NOBODY]).map(({ name, sha256, scopes, keys = {} }) => {
      // its bounds too: a ticket is good for what the token was when it was given
      const key = createHmac('sha256', Buffer.from(sha256, 'hex'))
        .update(`scalestream ticket ${JSON.stringify([scopes, keys])}`)
        .digest();
      return [name, { key, caller: { name, scopes, keys } satisfies Caller }] as const;
    }),
  );

  const sign = (key: Buffer, what: string, text: string): string =>
    createHmac('sha256', key).update(`${what} ${text}`).digest('base64url');

  function read(ticket: string) {
    const [payload = '', mac = '', ...more] = ticket.length > MOST_TICKET ? [] : ticket.split('.');
    const claims = claimsOf(payload);
    const signer = claims && signers.get(claims.name);
    if (!claims || !signer || more.length > 0 || !isSame(mac, sign(signer.key, 'ticket', payload))) return undefined;
    return { claims, ...signer };
  }

  function isProven(key: Buffer, ticket: string, id: string | undefined): boolean {
    const [, at = '', mac = ''] = id?.split('.') ?? [];
    const age = now() - Number.parseInt(at, 36);
    return isSame(mac, sign(key, 'proof', `${ticket} ${at}`)) && age < RESUME_MS;
  }

  return {
    issue({ name }, pipeline) {
      const issued = now();
      const signer = signers.get(name);
      if (!signer) throw new Error(`no token '${name}'`);
      const claims: Claims = {
        name,
        ...(pipeline === undefined ? {} : { pipeline }),
        issued,
        nonce: randomBytes(9).toString('base64url'),
      };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return {
        ticket: `${payload}.${sign(signer.key, 'ticket', payload)}`,
        expiresAt: new Date(issued + BEGIN_MS).toISOString(),
      };
    },
    callerOf(ticket, pipeline, lastEventId) {
      const found = read(ticket);
      if (!found) return undefined;
      const { claims, key, caller } = found;
      const age = now() - claims.issued;
      const isFor = claims.pipeline === undefined || claims.pipeline === pipeline;
      const isGood = age < BEGIN_MS || (age < LIFE_MS && isProven(key, ticket, lastEventId));
      return isFor && isGood ? caller : undefined;
    },
    proof(ticket) {
      const key = read(ticket)?.key;
      let made = { at: '', text: '' };
      return () => {
        const at = (Math.floor(now() / PROOF_MS) * PROOF_MS).toString(36);
        if (key && made.at !== at) made = { at, text: `.${at}.${sign(key, 'proof', `${ticket} ${at}`)}` };
        return made.text;
      };
    },
  };
}

function claimsOf(payload: string): Claims | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return isRecord(claims) && typeof claims['name'] === 'string' && typeof claims['issued'] === 'number'
      ? (claims as unknown as Claims)
      : undefined;
  } catch {
    return undefined;
  }
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}
