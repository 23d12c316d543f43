import { brief } from '../data/format.js';
import { axisLabels, zone } from '../data/time.js';
import { colourOf, hatch, lineColour, number } from './plot-signs.js';

/**
 * Draws lines of windows: each as a step as long as it is, those that may still change dashed and on hatched ground. uPlot draws on a canvas, which says nothing to
 * who cannot see it: a table beside it does.
 *
 * @typedef {import('../data/series.js').Lines} Lines
 */

const HEIGHT = 232;

/**
 * @param {HTMLElement} into
 * @param {Lines} first
 * @param {(index: number | undefined) => void} pointAt told which bucket is pointed at
 */
export async function plot(into, first, pointAt) {
  const { default: Plot } = await import('uplot');
  let lines = first;
  const count = lines.lines.length;
  const step = Plot.paths.stepped({ align: 1 });
  const axis = {
    stroke: () => colourOf('--ink-2'),
    font: '12px system-ui, sans-serif',
    ticks: { show: false },
    border: { show: false },
  };
  const drawn = new Plot(
    {
      width: into.clientWidth,
      height: HEIGHT,
      padding: [12, 20, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, sync: { key: 'time' }, points: { show: false } },
      tzDate: (/** @type {number} */ at) => Plot.tzDate(new Date(at * 1_000), zone.value),
      scales: {
        y: {
          range: (/** @type {unknown} */ _, /** @type {number} */ low, /** @type {number} */ high) =>
            rangeOf(low, high),
        },
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          space: 84,
          size: 30,
          values: (
            /** @type {unknown} */ _,
            /** @type {number[]} */ splits,
            /** @type {number} */ _axis,
            /** @type {number} */ _space,
            /** @type {number} */ incr,
          ) => axisLabels(splits, incr),
        },
        {
          ...axis,
          grid: { stroke: () => colourOf('--line'), width: 1 },
          size: 52,
          space: 44,
          values: (/** @type {unknown} */ _, /** @type {number[]} */ splits) => splits.map(brief),
        },
      ],
      series: [
        {},
        ...lines.lines.flatMap((_, i) => {
          const stroke = () => colourOf(lineColour(i));
          const common = { stroke, width: 2, paths: step, points: { show: false } };
          return [
            { ...common, ...(count === 1 ? { fill: () => colourOf('--fill-1') } : {}) },
            { ...common, dash: [5, 4] },
          ];
        }),
      ],
      hooks: {
        drawClear: [(/** @type {InstanceType<typeof Plot>} */ u) => hatch(u, lines)],
        draw: [(/** @type {InstanceType<typeof Plot>} */ u) => number(u, lines)],
        setCursor: [(/** @type {InstanceType<typeof Plot>} */ u) => pointAt(u.cursor.idx ?? undefined)],
      },
    },
    columnsOf(lines),
    into,
  );
  const size = new ResizeObserver(() => drawn.setSize({ width: into.clientWidth, height: HEIGHT }));
  size.observe(into);
  return {
    count,
    /** @param {Lines} next of as many lines */
    draw(next) {
      lines = next;
      drawn.setData(columnsOf(lines));
    },
    redraw: () => drawn.redraw(false, true),
    end() {
      size.disconnect();
      drawn.destroy();
    },
  };
}

/** From zero, whatever the values: the height of a step is its value. @param {number} low @param {number} high */
const rangeOf = (low, high) => [Math.min(0, low * 1.1), high > 0 ? high * 1.08 : low < 0 ? 0 : 1];

/** Starts, then of each line what is final and what is not; the last step reaches to the end. @param {Lines} lines */
function columnsOf({ starts, end, provisionalFrom, lines }) {
  const isOpen = (/** @type {number} */ i) => (starts[i] ?? end) >= provisionalFrom;
  return [
    [...starts, end],
    ...lines.flatMap(({ values }) => {
      const steps = [...values, values.at(-1) ?? null];
      const last = steps.findIndex((_, i) => isOpen(i));
      return [
        // the last final one is drawn to its end, which is where the first open one begins
        steps.map((value, i) => (i === last && i > 0 ? (steps[i - 1] ?? null) : isOpen(i) ? null : value)),
        steps.map((value, i) => (isOpen(i) ? value : null)),
      ];
    }),
  ];
}
