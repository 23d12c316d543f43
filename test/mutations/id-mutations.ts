import type { Mutation } from './mutation.ts';

/** What is done so that an id stands for one event, and nobody's event is dropped for another's. */
export const idMutations: readonly Mutation[] = [
  {
    name: 'another content under a known id is taken for a repeat',
    file: 'operators/settlement.ts',
    find: 'at(entries, repeats)',
    replace: 'at(entries, repeats.slice(repeats.length))',
    suites: ['sinks/memory.test.ts'],
  },
  {
    name: 'contents that come together under one id are not compared',
    file: 'operators/distinct.ts',
    find: 'rivals: comparedBy(table) ? () => othersThan(firsts, sorted) : none',
    replace: 'rivals: comparedBy(table) && sorted.length < 0 ? () => othersThan(firsts, sorted) : none',
    suites: ['sinks/memory.test.ts'],
  },
  {
    name: 'retries of an event that was refused are dropped with it',
    file: 'operators/distinct.ts',
    find: 'refused.has(entry.id) || ',
    replace: '',
    suites: ['sinks/memory.test.ts'],
  },
  {
    name: 'the stored event is not compared, only found',
    file: 'sinks/postgres/comparison.ts',
    find: "found ? 'different' : 'absent'",
    replace: "found ? 'same' : 'absent'",
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'ids are claimed unsorted',
    file: 'sinks/postgres/id-table.ts',
    find: " order by event_id${table.id.type === 'text' ? ' collate \"C\"' : ''}",
    replace: '',
    suites: ['sinks/postgres/ids.test.ts'],
  },
  {
    name: 'an id counts again, however near it comes',
    file: 'sinks/postgres/id-table.ts',
    find: 'excluded.event_time not between known.event_time - ${within} and known.event_time + ${within}',
    replace: 'excluded.event_time <> known.event_time',
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'an event long before the last one of its id counts',
    file: 'sinks/postgres/statement.ts',
    find: "'counted and latest = event_time'",
    replace: "'counted'",
    suites: ['sinks/postgres/contract.test.ts'],
  },
  {
    name: 'a late event claims its id, and the retry that comes in time counts nowhere',
    file: 'sinks/postgres/id-table.ts',
    find: "isDiverting ? ' where counted' : ''",
    replace: "isDiverting ? '' : ''",
    suites: ['sinks/postgres/contract.test.ts'],
  },
];
