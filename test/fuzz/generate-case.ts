import { SENT_AT } from '../support/message.ts';
import type { Dice } from './dice.ts';
import type { Damage, FuzzCase, FuzzMessage, FuzzRecord } from './fuzz-case.ts';
import { balancedTexts, isContained } from './is-contained.ts';
import { nastyValue } from './nasty-values.ts';
import { subjects, triggers } from './subjects.ts';

const PRODUCTS = ['tea', 'mug', 'Tea', 'thé', '"', '', 'a,b'];
const ENCODINGS = ['gzip', 'zstd', 'GZIP', 'br', 'deflate', 'identity', '', ' gzip', 'none', 'x-gzip', '\0'];
const EXTRAS: readonly Readonly<Record<string, string>>[] = [
  { 'Content-Encoding': 'gzip' },
  { 'content-encoding ': 'zstd' },
  JSON.parse('{"__proto__":"gzip"}') as Record<string, string>,
  { constructor: 'x', toString: 'y' },
  { '': '', traceparent: '00-0-0-00' },
];
const RAW = [
  'nope',
  'NaN',
  '01',
  '+1',
  '.5',
  '1e',
  'tru',
  '-',
  '1 2',
  '\u0000',
  '\u001e',
  '{"id":"x"',
  '"unclosed',
  '}',
  ']',
  '{]',
  '{"a":"\\',
  '1,2',
  '\ufeff{}',
  '\u00a0',
  'undefined',
];

/** A good event as an object; `n` makes its id. */
const goodEvent = (dice: Dice, n: number) => ({
  id: `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`,
  at: SENT_AT - dice.below(200_000),
  product: dice.pick(PRODUCTS),
  cents: dice.below(20_000) - 1_000,
});

/** Makes the cases of a run. Planted ids are never given twice. */
export function generator(dice: Dice): (subject?: string) => FuzzCase {
  let planted = 0;

  function plant(): FuzzRecord {
    const event = goodEvent(dice, ++planted);
    return { text: JSON.stringify(event), planted: event.id };
  }

  /** A good event with something wrong in it, or nothing that was ever an event. */
  function bad(): FuzzRecord {
    const roll = dice.below(100);
    if (roll < 8) return { text: dice.pick(RAW) };
    if (roll < 12) return { text: dice.pick(balancedTexts) };
    if (roll < 20) return { text: nastyValue(dice) };
    const members = Object.entries(goodEvent(dice, 0xf00000000000 + dice.below(500))).map(
      ([name, value]) => [JSON.stringify(name), JSON.stringify(value)] as [string, string],
    );
    for (let left = dice.between(1, 3); left > 0; left--) spoil(members);
    const text = `{${members.map((member) => member.join(':')).join(',')}}`;
    return { text: roll < 92 ? text : scratch(text) };
  }

  function spoil(members: [string, string][]): void {
    const at = dice.below(members.length);
    const member = members[at];
    if (!member) return;
    const name = member[0].slice(1, -1);
    const roll = dice.below(100);
    if (roll < 60) member[1] = dice.chance(8) ? JSON.stringify(dice.pick(triggers)) : nastyValue(dice, name);
    else if (roll < 70) members.splice(at, 1);
    else if (roll < 78) members.push([member[0], nastyValue(dice, name)]);
    else if (roll < 84) member[0] = `"\\u00${name.charCodeAt(0).toString(16)}${name.slice(1)}"`;
    else if (roll < 92)
      members.push([
        dice.pick(['"__proto__"', '"constructor"', '"n"', '"yes"', '"note"', '"x"', '"detail"', '"Type"']),
        nastyValue(dice),
      ]);
    else member[0] = dice.pick([' "id" ', '"ID"', '"\\u0069d"', '"id\\u0000"', '"\ufeffid"', "'id'", 'id']);
  }

  function scratch(text: string): string {
    const at = dice.below(text.length);
    const rest = text.slice(at + 1);
    return dice.pick([
      text.slice(0, at),
      text.slice(0, at) + rest,
      text.slice(0, at) + dice.pick(['"', '{', ']', '\\', '\u0000', ',', '9', 'é']) + rest,
    ]);
  }

  function message(): FuzzMessage {
    const wrap = dice.pick(['array', 'array', 'lines', 'lines', 'single'] as const);
    const length = wrap === 'single' ? 1 : dice.chance(4) ? dice.between(29, 40) : dice.between(1, 24);
    const envelope = dice.chance(85) ? 'none' : wrap === 'lines' || dice.chance(50) ? 'sns' : 'bridge';
    // A record that is not contained spoils an array, with all that is in it: that is worth a try, but not at every array.
    const wild = wrap !== 'array' || dice.chance(15);
    const spoilt = (): FuzzRecord => {
      for (let tries = 0; ; tries++) {
        const record = bad();
        if (wild || isContained(record.text)) return record;
        if (tries === 20) return { text: '0' };
      }
    };
    const records = Array.from({ length }, () => (dice.chance(wrap === 'single' ? 30 : 50) ? plant() : spoilt()));
    const between =
      wrap === 'lines'
        ? dice.pick(['\n', '\n', '\r\n', '\n\n', '\n \t\n', '\n'.repeat(80)])
        : dice.pick(['', '', ' ', '\n', '\t']);
    const packing = dice.chance(60) ? 'none' : dice.pick(['gzip', 'zstd'] as const);
    return {
      records,
      wrap,
      between,
      envelope,
      packing,
      told: dice.chance(50),
      ...(dice.chance(8) ? { extra: dice.pick(EXTRAS) } : {}),
      members: dice.chance(15) ? 2 : 1,
      ...(dice.chance(7) ? damageOf() : {}),
    };
  }

  function damageOf(): { readonly damage: Damage } {
    const kinds: readonly Damage[] = [
      { kind: 'member' },
      { kind: 'tail' },
      { kind: 'padding' },
      { kind: 'encoding', encoding: dice.pick(ENCODINGS) },
      { kind: 'cut', at: dice.float() },
      { kind: 'flip', at: dice.float(), text: dice.pick(['', '"', '[', ']', '\0', 'A', '=', '\n', 'é']) },
      { kind: 'bytes' },
      { kind: 'bomb' },
    ];
    return { damage: dice.pick(kinds) };
  }

  return (subject = dice.pick(subjects).name) => ({
    subject,
    messages: Array.from({ length: dice.between(1, 60) }, message),
  });
}
