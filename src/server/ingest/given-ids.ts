import { hash, randomFillSync } from 'node:crypto';
import { splitJson } from '../../codecs/split-json.ts';
import { isRecord } from '../../declared.ts';
import type { AnyEvent, EventTable } from '../../event-table.ts';
import { uuidV7 } from '../../producer/uuid-v7.ts';
import { uuidV8 } from '../../uuid-v8.ts';

/** Gives an event without an id one; the event's value and text with it, or `undefined` where it has one or cannot be given any. */
export type GiveId = (value: unknown, text: string, id: () => string) => Given | undefined;

export interface Given {
  readonly id: string;
  readonly value: unknown;
  readonly text: string;
}

/** How to give ids to the events of a table: where its `id` reads a property, and no more than that. Where it computes something, none can be given. */
export function idGiver({ id }: EventTable<AnyEvent>): GiveId {
  const { read } = id;
  const path = read === 'content' ? undefined : pathOf(read);
  if (read === 'content' || path === undefined) return () => undefined;
  return (value, text, make) => {
    if (!lacks(value, path) || hasOther(read, value)) return undefined;
    const own = make();
    const changed = insert(text, path, own);
    const parsed = changed === undefined ? undefined : parse(changed);
    return changed === undefined || parsed === undefined ? undefined : { id: own, value: parsed, text: changed };
  };
}

/** The property that an accessor reads, found by letting it read one that remembers; `undefined` where what it returns is none. */
export function pathOf(read: (event: AnyEvent) => unknown): readonly string[] | undefined {
  const paths = new WeakMap<object, readonly string[]>();
  const recorder = (path: readonly string[]): object => {
    const proxy: object = new Proxy(Object.create(null) as object, {
      get: (_, name) => (typeof name === 'string' ? recorder([...path, name]) : undefined),
    });
    paths.set(proxy, path);
    return proxy;
  };
  try {
    const path = paths.get(read(recorder([])) as object);
    return path === undefined || path.length === 0 ? undefined : path;
  } catch {
    return undefined; // it computes something
  }
}

/** Whether all but the last step of a path is there. */
function lacks(value: unknown, path: readonly string[]): boolean {
  let at = value;
  for (const step of path.slice(0, -1)) at = isRecord(at) && Object.hasOwn(at, step) ? at[step] : undefined;
  return isRecord(at) && !Object.hasOwn(at, path.at(-1) ?? '');
}

/** Whether the accessor finds an id elsewhere, as `(e) => e.id ?? e.order` does. */
function hasOther(read: (event: AnyEvent) => unknown, value: unknown): boolean {
  try {
    return (read(value) ?? undefined) !== undefined;
  } catch {
    return true;
  }
}

/** `undefined` for what is none: names that are spelt with escapes may lead {@link insert} astray. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of an object with one member more; its other members stay as they are, letter by letter. */
function insert(text: string, [step = '', ...rest]: readonly string[], id: string): string | undefined {
  const quoted = JSON.stringify(step);
  if (rest.length === 0) {
    const others = text.slice(1).trimStart();
    return `{${quoted}:"${id}"${others === '}' ? '' : ','}${others}`;
  }
  const members = splitJson(text) ?? [];
  // of two equal names the last one counts
  const index = members.findLastIndex((member) => member.startsWith(quoted));
  const member = members[index];
  if (member === undefined) return undefined;
  const colon = member.indexOf(':', quoted.length);
  const changed = insert(member.slice(colon + 1).trim(), rest, id);
  return changed === undefined ? undefined : `{${members.with(index, `${quoted}:${changed}`).join(',')}}`;
}

/** New ids, of UUID version 7: they sort by time, so an index takes them at its end. */
export function newIds(now: () => number): () => string {
  const words = new Uint32Array(1_024);
  let used = words.length;
  const make = uuidV7({
    uint32() {
      if (used === words.length) {
        randomFillSync(words);
        used = 0;
      }
      return words[used++] as number;
    },
  });
  return () => make(now());
}

/** The ids of one request, the same whenever it comes again: of what names the request, and an event's place in it. */
export const idsOf =
  (request: readonly string[]) =>
  (index: number): string =>
    uuidV8(hash('sha256', JSON.stringify([...request, index])));
