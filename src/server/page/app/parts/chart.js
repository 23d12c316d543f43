import { exact } from '../data/format.js';
import { linesOf, MOST_LINES } from '../data/series.js';
import { colours } from '../data/theme.js';
import { clock, moment, zone } from '../data/time.js';
import { effect, html, useEffect, useRef, useSignal } from '../ui.js';
import { plot } from './plot.js';
import { lineColour } from './plot-signs.js';

const AGAIN_MS = 2_000;

/**
 * One measure over time.
 *
 * @param {{ column: import('../data/answers.js').Column, rows: readonly import('../data/answers.js').Row[] }} props
 */
export function Chart({ column: { name, unit }, rows }) {
  const lines = linesOf(rows, name);
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const drawn = useRef(/** @type {Awaited<ReturnType<typeof plot>> | null} */ (null));
  const latest = useRef(/** @type {typeof lines | null} */ (null));
  const at = useSignal(/** @type {number | undefined} */ (undefined));
  // counts how often there was nothing to draw with, as when the server is away
  const lost = useSignal(0);
  latest.current = lines;
  const count = lines.lines.length;

  useEffect(() => {
    let isGone = false;
    const { current } = place;
    if (!current || !latest.current) return undefined;
    plot(current, latest.current, (index) => (at.value = index)).then(
      (made) => {
        if (isGone) return made.end();
        drawn.current = made;
        return latest.current && made.draw(latest.current);
      },
      () => (isGone ? 0 : setTimeout(() => lost.value++, AGAIN_MS)),
    );
    const stop = effect(() => {
      void [colours.value, zone.value];
      drawn.current?.redraw();
    });
    return () => {
      isGone = true;
      stop();
      drawn.current?.end();
      drawn.current = null;
    };
  }, [count, lost.value]);
  useEffect(() => drawn.current?.draw(lines), [rows]);

  const start = at.value === undefined ? undefined : lines.starts[at.value];
  const shown = start === undefined ? lines.starts.length - 1 : (at.value ?? 0);
  return html`
    <figure class="chart">
      <figcaption>
        <h3>${name}${unit ? html` <span class="quiet">${unit}</span>` : null}</h3>
        <span class="quiet">${start === undefined ? 'latest' : clock(new Date(start * 1_000))}</span>
      </figcaption>
      <div class="plot" ref=${place} role="img" aria-label=${`${saidOf(name, lines)} The table below has the same numbers.`}></div>
      ${lost.value > 0 && !drawn.current ? html`<p class="small">The chart cannot be drawn yet; the table has its numbers.</p>` : null}
      <ul class="legend">
        ${lines.lines.map(
          ({ label, values }, i) =>
            html`<li key=${label}><span class="swatch" style=${{ background: `var(${lineColour(i)})` }} aria-hidden="true">${lines.lines.length > 1 ? i + 1 : ''}</span>${label || 'all keys together'} <b>${exact(values[shown])}</b></li>`,
        )}
        <li><span class="swatch hatched" aria-hidden="true"></span>dashed: provisional, still open</li>
        ${lines.left > 0 ? html`<li>the first ${MOST_LINES} of ${MOST_LINES + lines.left} are drawn; the table has all</li>` : null}
      </ul>
    </figure>
  `;
}

/** @param {string} name @param {import('../data/series.js').Lines} lines */
function saidOf(name, { starts, lines }) {
  const [first, last] = [starts[0], starts.at(-1)];
  if (first === undefined || last === undefined) return `${name}: nothing.`;
  const of = lines.map(({ label, values }) => {
    const highest = values.reduce(
      (/** @type {number | null} */ a, b) => (b !== null && (a === null || b > a) ? b : a),
      null,
    );
    return `${label || 'all keys together'}: latest ${exact(values.at(-1))}, highest ${exact(highest)}`;
  });
  return `${name} from ${moment(new Date(first * 1_000))} to ${moment(new Date(last * 1_000))}. ${of.join('; ')}.`;
}
