import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  count,
  decode,
  acknowledge,
  foldInto,
  hopping,
  json,
  pipeline,
  session,
  transaction,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { rehearse } from '../../src/runtime/rehearse.ts';
import { facts } from '../measures/facts.ts';
import { perMinute, visiting, visits } from './visits.ts';

const options = { window: tumbling('1m'), key: {}, measures: { n: count() } };
const views = windowTable('views', facts, { ...options, window: hopping({ size: '1m', every: '10s' }) });

describe('windows over windows', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['of windows over windows', () => windowTable('x', perMinute, options), /windows over events.*over 'visits'/],
    ['of windows that overlap', () => windowTable('x', views, options), /do not overlap.*hopping/],
    [
      'that are sessions',
      () => windowTable('x', visits, { ...options, window: session({ gap: '1m' }) }),
      /tumbling or calendar.*session/,
    ],
    [
      'of a table that is not declared',
      () => pipeline('p', [facts, perMinute], visiting.graph),
      /over windows that are declared too/,
    ],
  ])('%s are refused', (_, declare, why) => {
    expect(declare).toThrow(ConfigError);
    expect(declare).toThrow(why);
  });

  test('into which a graph folds are refused before anything starts: they follow by themselves', async () => {
    const graph = pipeline('p', [facts, visits, perMinute], ({ messages, store }) =>
      messages.pipe(
        decode(json(facts)),
        transaction(store, { once: facts }, (fresh$) => fresh$.pipe(foldInto(perMinute as unknown as typeof visits))),
        acknowledge(),
      ),
    );
    await expect(rehearse(graph)).rejects.toThrow(/over the windows of 'visits'.*leave it out/s);
  });

  test('are another version of their pipeline', () => {
    expect(pipeline('visiting', [facts, visits], visiting.graph).version).not.toBe(visiting.version);
  });
});
