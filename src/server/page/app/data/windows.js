import { computed, signal } from '../ui.js';
import { bucketZoneOf } from './buckets.js';
import {
  bucket,
  buckets,
  chosenKeys,
  chosenMeasures,
  funnels,
  listOrder,
  numberColumns,
  period,
  pipelineName,
  rank,
  rankBy,
  span,
  table,
} from './choice.js';
import { link } from './link.js';
import { resource } from './resource.js';

/**
 * @typedef {import('./answers.js').Windows} Windows
 * @typedef {import('@preact/signals').ReadonlySignal<import('./resource.js').Asked<Windows>>} AskedWindows
 */

/** @param {string} name */
export const pathOfTable = (name, route = 'windows') =>
  `v1/pipelines/${encodeURIComponent(pipelineName.value ?? '')}/${route}/${encodeURIComponent(name)}`;

/** @param {Readonly<Record<string, string | undefined>>} parameters @param {typeof chosenKeys.value} [keys] */
function windowsPath(parameters, keys = chosenKeys.value) {
  const query = new URLSearchParams({ numbers: 'text' });
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, value);
  for (const { column, values } of keys) for (const value of values) query.append(`key.${column}`, value);
  return `${pathOfTable(table.value?.name ?? '')}?${query}`;
}

/** Which windows are meant, without the time that goes on. @param {...unknown} parts */
const asked = (...parts) =>
  table.value ? JSON.stringify([pipelineName.value, table.value.name, chosenKeys.value, ...parts]) : undefined;

/** The latest window of any key: time is counted from there, so that what was captured long ago is there too. */
const latest = /** @type {AskedWindows} */ (
  resource(
    () => (table.value ? JSON.stringify([pipelineName.value, table.value.name]) : undefined),
    () => windowsPath({ limit: '1', measures: table.value?.columns.find(({ role }) => role === 'measure')?.name }, []),
    1_000,
  )
);

/** Where time ends: with the latest window, or now where nobody can say which that is. */
const until = computed(() => {
  const { answer } = latest.value;
  const [row] = answer?.data ?? [];
  const start = row && answer?.meta ? Date.parse(row.start) : Math.floor(Date.now() / 1_000) * 1_000;
  const kind = table.value?.window.kind;
  const end =
    row && kind !== 'hopping' && kind !== 'session'
      ? Date.parse(row.end)
      : start + 1_000 * (kind === 'session' ? 1 : (buckets.value[0]?.seconds ?? 1));
  return { start, end };
});

/** The time that is looked at: whole buckets. */
export function timeShown() {
  const size = (bucket.value?.seconds ?? 1) * 1_000;
  const { end } = until.value;
  return {
    from: new Date(Math.floor((end - span.value.seconds * 1_000) / size) * size).toISOString(),
    to: new Date(end).toISOString(),
  };
}

const isKnown = computed(() => latest.value.answer !== undefined || latest.value.trouble !== undefined);
const bucketZone = () => table.value && bucketZoneOf(table.value.window);
/** The columns that stay apart: those of which values were chosen. */
const apart = () => chosenKeys.value.map(({ column }) => column);

/** The chosen measures over time: in buckets, all keys together, or those that were chosen apart. */
export const trend = /** @type {AskedWindows} */ (
  resource(
    () =>
      bucket.value && chosenMeasures.value.length > 0 && isKnown.value
        ? asked('trend', bucket.value, span.value, chosenMeasures.value)
        : undefined,
    () =>
      windowsPath({
        ...timeShown(),
        bucket: bucket.value?.name,
        zone: bucketZone(),
        by: apart().join(','),
        measures: chosenMeasures.value.map(({ name }) => name).join(','),
        limit: '5000',
        ...(apart().length === 0 ? { fill: 'zero' } : {}),
      }),
    1_000,
  )
);

/** The bucket in which the latest window is. */
const latestPeriod = () => {
  const { start } = until.value;
  return {
    from: new Date(start).toISOString(),
    to: new Date(start + 1).toISOString(),
    bucket: period.value?.name,
    zone: bucketZone(),
  };
};

/** Those with the largest values of a measure, in the latest period. */
export const ranking = /** @type {AskedWindows} */ (
  resource(
    () =>
      rank.value && period.value && isKnown.value && (rankBy.value || rank.value.kind === 'topK')
        ? asked('ranking', rank.value, rankBy.value, period.value)
        : undefined,
    () => {
      const isList = rank.value?.kind === 'topK';
      const by = [...new Set([...(isList || !rankBy.value ? [] : [rankBy.value.name]), ...apart()])];
      return windowsPath({
        ...latestPeriod(),
        by: by.join(','),
        measures: rank.value?.name,
        limit: '10',
        ...(isList ? {} : { top: rank.value?.name }),
      });
    },
    2_000,
  )
);

/** How many came how far, in the latest period. */
export const conversion = /** @type {AskedWindows} */ (
  resource(
    () => (funnels.value.length > 0 && period.value && isKnown.value ? asked('funnel', period.value) : undefined),
    () =>
      windowsPath({
        ...latestPeriod(),
        by: apart().join(','),
        measures: funnels.value.map(({ measure }) => measure).join(','),
        limit: '10',
      }),
    2_000,
  )
);

/** How many windows are listed. */
export const listed = signal(25);
export const MOST_LISTED = 400;

/** The windows themselves, as they are stored. */
export const listing = /** @type {AskedWindows} */ (
  resource(
    () => {
      const { state, from, to } = link.value;
      return isKnown.value ? asked('listing', state, from, to, listOrder.value, listed.value, span.value) : undefined;
    },
    () => {
      const { state, from, to } = link.value;
      const time = timeShown();
      return windowsPath({
        from: from ?? time.from,
        to: from === undefined ? undefined : to,
        state,
        top: listOrder.value?.name,
        limit: String(listed.value),
      });
    },
    1_000,
  )
);

/** Whether the chosen table has anything to compare. */
export const hasNumbers = computed(() => numberColumns.value.length > 0);
