import { spoken } from '../../duration.ts';
import { MICROS_PER_MS } from '../../event-time.ts';

/** A declaration as the database keeps it; see `shapeOf`. */
type Shape = Readonly<Record<string, unknown>>;

/** Columns or measures, each with what the database must agree on. */
type Named = readonly (readonly [name: string, ...type: string[]])[];

/** Parts of a declaration that are lists of names, and what one of them is called. */
const LISTS: Readonly<Record<string, string>> = { key: 'key', measures: 'measure', columns: 'column' };

/**
 * What differs between a declaration in the database and the one in the file, part by part.
 *
 * @example
 * shapeDifferences(stored, declared); // ["key 'country': text in the database, uuid declared"]
 */
export function shapeDifferences(stored: Shape, declared: Shape): string[] {
  if (stored['kind'] !== declared['kind']) return [said('kind', stored['kind'], declared['kind'])];
  const parts = new Set([...Object.keys(stored), ...Object.keys(declared)]);
  return [...parts].flatMap((part) => {
    const [before, after] = [stored[part], declared[part]];
    // What is delivered into a table has the shape of its windows.
    if (part === 'windows') return shapeDifferences(before as Shape, after as Shape);
    if (JSON.stringify(before) === JSON.stringify(after)) return [];
    if (LISTS[part]) return listDifferences(LISTS[part], before as Named, after as Named);
    return [said(part === 'whole' ? 'whole events' : part, before, after)];
  });
}

function listDifferences(what: string, stored: Named, declared: Named): string[] {
  const [before, after] = [typesOf(stored), typesOf(declared)];
  const differing = [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => said(`${what} '${name}'`, before.get(name), after.get(name)));
  if (differing.length > 0) return differing;
  const names = (list: Named): string => list.map(([name]) => `'${name}'`).join(', ');
  return [said(`order of ${what}s`, names(stored), names(declared))];
}

const typesOf = (list: Named): Map<string, string> =>
  new Map(list.map(([name, type = '', ...of]) => [name, of.length === 0 ? type : `${type} (${of.join(', ')})`]));

const said = (what: string, stored: unknown, declared: unknown): string =>
  `${what}: ${shown(stored)} in the database, ${shown(declared)} declared`;

function shown(value: unknown): string {
  if (value === undefined) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return windowText(value as readonly (string | number)[]);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A window is its kind and what more there is to it: sizes in microseconds, a unit, a zone. */
const windowText = ([kind, ...shape]: readonly (string | number)[]): string =>
  `${kind} ${shape.map((each) => (typeof each === 'number' ? spoken(each / MICROS_PER_MS) : each)).join(', ')}`;
