import type { FuzzCase, FuzzMessage } from './fuzz-case.ts';
import { triggers } from './subjects.ts';

/** A case that once went wrong, or nearly: it stays. */
export interface Finding {
  /** What holds for it. */
  readonly claim: string;
  readonly found: FuzzCase;
}

const event = (n: number, more: object = {}): string =>
  JSON.stringify({ id: idOf(n), at: 1_767_225_600_000 - n, product: 'tea', cents: n, ...more });
const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString().padStart(12, '0')}`;
const good = (n: number) => ({ text: event(n), planted: idOf(n) });

const message = (given: Partial<FuzzMessage>): FuzzMessage => ({
  records: [good(1), good(2)],
  wrap: 'lines',
  between: '\n',
  envelope: 'none',
  packing: 'none',
  told: false,
  members: 1,
  ...given,
});

const one = (claim: string, subject: string, ...messages: Partial<FuzzMessage>[]): Finding => ({
  claim,
  found: { subject, messages: messages.map(message) },
});

export const findings: readonly Finding[] = [
  ...(['gzip', 'zstd'] as const).flatMap((packing) => [
    one(
      `a spoilt second ${packing} member refuses the message whole: no event of it is lost without a word`,
      'zod_strip',
      {
        packing,
        damage: { kind: 'member' },
      },
    ),
    one(`bytes after the last ${packing} member are not ignored`, 'zod_strip', { packing, damage: { kind: 'tail' } }),
    one(`two padded base64 texts of ${packing} in a row are not read as the first alone`, 'zod_strip', {
      packing,
      damage: { kind: 'padding' },
    }),
    one(`a body of two whole ${packing} members is read whole`, 'valibot', { packing, members: 2 }),
  ]),
  ...['[1,2]', '[]', '[{"id":1}]'].map((text) =>
    one(`NDJSON that begins with the line ${text} loses none of the other lines`, 'arktype', {
      records: [{ text }, good(1), good(2)],
    }),
  ),
  ...triggers.flatMap((trigger, n) => [
    ...['throwing', 'valibot_throwing'].map((subject) =>
      one(
        `a schema (${subject}) that does '${trigger}' makes a reject of its event, and nothing of its siblings`,
        subject,
        {
          records: [good(1), { text: event(100 + n, { product: trigger }) }, good(2)],
        },
      ),
    ),
    one(`an id accessor that does '${trigger}' makes a reject of its event`, 'throwing', {
      records: [good(1), { text: event(200 + n, { id: trigger }) }, good(2)],
    }),
  ]),
  one('an id that cannot be made a text is a reject like any other bad id', 'anything', {
    records: [good(1), { text: event(3, { id: { toString: 1, valueOf: 1 } }) }, good(2)],
  }),
  one('an amount that is a text is none to a schema that lets everything through', 'anything', {
    records: [{ text: event(3, { cents: '1' }) }, good(1)],
  }),
  one('blank lines between events hide none', 'valibot', { between: '\n'.repeat(50) }),
  one('nothing between two commas is a reject, and costs nothing but itself', 'arktype', {
    wrap: 'array',
    between: '',
    records: [{ text: '' }, good(1), { text: '' }, good(2), { text: '' }],
  }),
  one('lines that are one value together are one event', 'zod_strip', { records: [{ text: '{"":""' }, { text: '}' }] }),
  one('an empty body that claims to be compressed is a reject, without a body since none came', 'valibot', {
    records: [{ text: '' }],
    wrap: 'single',
    damage: { kind: 'encoding', encoding: 'zstd' },
  }),
  one('the first of two events of one id and time counts, also where they say different things', 'arktype', {
    records: [{ text: event(3, { product: 'a' }) }, { text: event(3, { product: 'b' }) }, good(1)],
  }),
];
