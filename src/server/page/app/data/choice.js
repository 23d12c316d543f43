import { computed } from '../ui.js';
import { bucketsOf, fittingBuckets, SPANS, usualBucket, usualSpan } from './buckets.js';
import { link } from './link.js';
import { pipelines } from './pipelines.js';
import { status } from './live.js';

/**
 * What is looked at: what the address says where that is there, and else what is usual.
 *
 * @typedef {import('./answers.js').Column} Column
 * @typedef {import('./buckets.js').Span} Span
 */

/** @template T @param {readonly T[]} all @param {(each: T) => boolean} is @returns {T | undefined} */
const thisOrFirst = (all, is) => all.find(is) ?? all[0];

export const pipelineName = computed(
  () => thisOrFirst(pipelines.value.answer?.data ?? [], ({ name }) => name === link.value.pipeline)?.name,
);

/** The chosen pipeline as it was told last. */
export const pipeline = computed(() => {
  const { answer } = status.value;
  return answer?.data.name === pipelineName.value ? answer?.data : undefined;
});

// what a pipeline declares is told anew every second, and is the same: nothing that depends on it need be made again
const tablesText = computed(() =>
  JSON.stringify(pipeline.value?.tables.map(({ open: _open, revised: _revised, ...table }) => table) ?? []),
);
export const tables = computed(
  () => /** @type {readonly Omit<import('./answers.js').Table, 'open' | 'revised'>[]} */ (JSON.parse(tablesText.value)),
);
export const table = computed(() => thisOrFirst(tables.value, ({ name }) => name === link.value.table));

export const keyColumns = computed(() => table.value?.columns.filter(({ role }) => role === 'key') ?? []);
const measureColumns = computed(() => table.value?.columns.filter(({ role }) => role === 'measure') ?? []);
/** @param {Column} column */
const isNumber = ({ type }) => type === 'bigint' || type === 'numeric';
export const numberColumns = computed(() => measureColumns.value.filter(isNumber));

/** Values by key column, of columns that the table has. */
export const chosenKeys = computed(() =>
  keyColumns.value.flatMap(({ name }) => {
    const values = link.value.keys[name] ?? [];
    return values.length > 0 ? [{ column: name, values }] : [];
  }),
);

/** Charts, one for each. */
export const chosenMeasures = computed(() => {
  const numbers = numberColumns.value;
  const chosen = numbers.filter(({ name }) => link.value.measures?.includes(name));
  return chosen.length > 0 ? chosen : numbers.slice(0, 2);
});

export const buckets = computed(() => (table.value ? bucketsOf(table.value.window) : []));
export const span = computed(
  () => SPANS.find(({ name }) => name === link.value.span) ?? /** @type {Span} */ (usualSpan(buckets.value)),
);
export const bucketChoice = computed(() => fittingBuckets(buckets.value, span.value));
export const bucket = computed(
  () =>
    bucketChoice.value.find(({ name }) => name === link.value.bucket) ?? usualBucket(bucketChoice.value, span.value),
);

const QUARTER = 900;
/** Of what time the largest are listed, and the funnel is shown. */
export const period = computed(
  () =>
    buckets.value.find(({ name }) => name === link.value.period) ??
    buckets.value.find(({ seconds }) => seconds >= QUARTER) ??
    buckets.value.at(-1),
);

/** By what the largest can be listed: numbers, and what is such a list already. */
export const rankChoice = computed(() =>
  measureColumns.value.filter((column) => isNumber(column) || column.kind === 'topK'),
);
export const rank = computed(
  () =>
    rankChoice.value.find(({ name }) => name === link.value.rank) ??
    rankChoice.value.find(({ kind }) => kind === 'topK') ??
    rankChoice.value.find(({ kind }) => kind === 'sum') ??
    rankChoice.value[0],
);
export const rankBy = computed(() => thisOrFirst(keyColumns.value, ({ name }) => name === link.value.by));

/** The funnels of the table: the measure, and the columns of its steps. */
export const funnels = computed(() => {
  const steps = measureColumns.value.filter(({ kind }) => kind === 'funnel');
  return [...new Set(steps.map(({ measure }) => measure ?? ''))].map((measure) => ({
    measure,
    steps: steps.filter((step) => step.measure === measure),
  }));
});

/** By which measure the windows are listed; by time where it is none. */
export const listOrder = computed(() => numberColumns.value.find(({ name }) => name === link.value.order));
