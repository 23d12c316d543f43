import { chosenMeasures, pipeline, table } from '../data/choice.js';
import { exact, textOf } from '../data/format.js';
import { show } from '../data/link.js';
import { hasNumbers, trend } from '../data/windows.js';
import { html, useSignal } from '../ui.js';
import { Chart } from './chart.js';
import { Controls } from './controls.js';
import { DataTable } from './data-table.js';
import { State } from './state.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** Windows over time: a chart for each measure, and the same numbers as a table. */
export const Trend = () => html`
  <section aria-labelledby="trend">
    <h2 id="trend">Windows over time</h2>
    <${Controls} />
    <${Charts} />
  </section>
`;

function Charts() {
  const { answer, trouble } = trend.value;
  const columns = answer?.meta.columns ?? [];
  // the answer may be of what was chosen before
  const shown = columns.filter(
    ({ role, name }) => role === 'measure' && chosenMeasures.value.some((each) => each.name === name),
  );
  if (table.value && !hasNumbers.value)
    return html`<p class="empty">No measure of this table is a number. Its windows are listed below.</p>`;
  return html`
    ${trouble ? html`<${Notice} trouble=${trouble} isOld=${answer !== undefined} />` : null}
    <div class="charts" aria-busy=${answer === undefined}>
      ${answer ? shown.map((column) => html`<${Chart} key=${column.name} column=${column} rows=${answer.data} />`) : html`<div class="chart waiting"><p class="empty">${emptyWord()}</p></div>`}
    </div>
    ${answer && answer.data.length === 0 ? html`<p class="empty">There are no windows in this time. What to do: choose a longer time, or fewer keys.</p>` : null}
    ${answer ? html`<${Twin} answer=${answer} columns=${columns} />` : null}
  `;
}

const emptyWord = () =>
  trend.value.trouble
    ? 'Nothing to draw.'
    : pipeline.value && !table.value
      ? 'The pipeline has no window tables.'
      : 'Asking…';

/** Rows of the table at most. */
const MOST_ROWS = 400;

/** The same numbers as a table: the charts are pictures. @param {{ answer: import('../data/answers.js').Windows, columns: readonly import('../data/answers.js').Column[] }} props */
function Twin({ answer: { data }, columns }) {
  const isOpen = useSignal(false);
  const heads = [
    { name: 'start', label: 'Bucket' },
    ...columns.map(({ name, role }) => ({ name, label: name, isNumber: role === 'measure' })),
    { name: 'state', label: 'State' },
  ];
  const rows = data.slice(0, MOST_ROWS).map(({ start, end, key, measures, state }) => ({
    name: `${start} ${JSON.stringify(key)}`,
    cells: [
      html`<${Time} at=${start} />`,
      ...columns.map(({ name, role }) => (role === 'key' ? textOf(key[name]) : exact(measures[name]))),
      html`<${State} state=${state} />`,
    ],
    open: { label: `Windows of the bucket from ${start}`, run: () => showBucket(start, end) },
  }));
  return html`
    <details class="twin" open=${isOpen.value} onToggle=${(/** @type {Event} */ e) => (isOpen.value = /** @type {HTMLDetailsElement} */ (e.target).open)}>
      <summary>The same as a table</summary>
      ${isOpen.value ? html`<${DataTable} caption="Windows over time" heads=${heads} rows=${rows} isTall />` : null}
      ${isOpen.value && data.length > MOST_ROWS ? html`<p class="small">The latest ${MOST_ROWS} of ${data.length} rows.</p>` : null}
    </details>
  `;
}

/** @param {string} from @param {string} to */
function showBucket(from, to) {
  show({ from, to });
  document.getElementById('listing')?.focus();
}
