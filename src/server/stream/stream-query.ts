import type { AnyEvent } from '../../event-table.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { WindowTable } from '../../window-table.ts';
import {
  countParameter,
  instantParameter,
  type Parameter,
  readQuery,
  textParameter,
  wordParameter,
  wordsParameter,
} from '../parameters.ts';
import { badParameter, Problem } from '../problem.ts';
import { tableNamed } from '../serving.ts';
import type { Caller } from '../tokens.ts';
import { boundElsewhere, understand, type Understood } from '../understand.ts';

/** What a stream is asked for. */
export interface StreamAsked {
  readonly tables: readonly { readonly table: WindowTable<AnyEvent>; readonly understood: Understood }[];
  /** Whether these were named: what cannot be followed of them is no stream. */
  readonly isNamed: boolean;
  readonly stats: boolean;
  readonly lastEventId: string | undefined;
}

const lastEventIdParameter: Parameter<string> = {
  description: 'in place of the header last-event-id, where none can be sent',
  schema: { type: 'string' },
  read: ([text = '']) => text,
};

/** The parameters of the stream of a pipeline, beside `key.<column>`. */
export const streamParameters = ({ windows, over }: Pipeline) => {
  const measures = wordsParameterOfAny('of one table: measures, or columns of them; default: all');
  return {
    table: wordsParameter(
      'window tables; default: all',
      [...windows, ...over].map(({ name }) => name),
    ),
    from: instantParameter('windows that begin then or later; default: the latest'),
    limit: countParameter('so many of the latest windows of a table are followed', 10_000, 1_000),
    measures,
    numbers: wordParameter('numbers as JSON numbers with all their digits, or as text', ['json', 'text'], 'json'),
    stats: wordParameter('whether to tell how far the pipeline is, as its route does', ['true', 'false'], 'true'),
    lastEventId: lastEventIdParameter,
    ticket: textParameter('in place of a token, where no header can be sent; see /v1/stream-tickets', {
      pattern: /^[\w.-]{1,600}$/,
      expected: 'a ticket',
      example: 'eyJu…',
    }),
  };
};

/** Read again by the table that it is for. */
const wordsParameterOfAny = (description: string): Parameter<readonly string[]> => ({
  description,
  schema: { type: 'string' },
  many: true,
  read: (texts) => texts,
});

/**
 * Reads the query of a stream. Tables that were not named and that a bound token may not read are left out.
 *
 * @throws Problem that says what was expected.
 */
export function understandStream(pipeline: Pipeline, query: URLSearchParams, caller: Caller): StreamAsked {
  const {
    table: names = [],
    stats = 'true',
    lastEventId,
    limit = 1_000,
  } = readQuery(query, streamParameters(pipeline), 'key.');
  const isNamed = names.length > 0;
  const own = [...query.keys()].find((name) => name.startsWith('key.') || name === 'measures');
  const all = isNamed ? names.map((name) => tableNamed(pipeline, name)) : [...pipeline.windows, ...pipeline.over];
  if (own !== undefined && all.length !== 1)
    throw badParameter(own, 'one table with it', `${all.length}`, `table=${all[0]?.name ?? ''}`);
  const asked = new URLSearchParams([...query].filter(([name]) => isOfTable(name)));
  asked.set('limit', String(limit));
  const tables = all.flatMap((table) => {
    try {
      return [{ table, understood: understand(table, asked, caller) }];
    } catch (error) {
      if (!isNamed && error instanceof Problem && error.parts.code === 'bound') return [];
      throw error;
    }
  });
  if (tables.length === 0 && all.length > 0) throw boundElsewhere('all tables, of which none has such a key');
  return { tables, isNamed, stats: stats === 'true', lastEventId };
}

const isOfTable = (name: string): boolean =>
  name.startsWith('key.') || name === 'from' || name === 'measures' || name === 'numbers';
