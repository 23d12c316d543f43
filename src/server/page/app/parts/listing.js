import { listOrder, numberColumns } from '../data/choice.js';
import { exact, textOf } from '../data/format.js';
import { link, show } from '../data/link.js';
import { listed, listing, MOST_LISTED } from '../data/windows.js';
import { html } from '../ui.js';
import { DataTable } from './data-table.js';
import { Icon } from './icon.js';
import { Select } from './select.js';
import { State } from './state.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';
import { explain } from './why.js';

const STATES = [
  { name: '', label: 'all' },
  { name: 'open', label: 'provisional' },
  { name: 'final', label: 'final' },
  { name: 'revised', label: 'revised' },
];

/** The windows themselves; each says by which events its numbers came about. */
export function Listing() {
  const { answer, trouble } = listing.value;
  const { state = '', from, to } = link.value;
  const orders = [
    { name: '', label: 'newest' },
    ...numberColumns.value.map(({ name }) => ({ name, label: `largest ${name}` })),
  ];
  return html`
    <section aria-labelledby="listing">
      <h2 id="listing" tabindex="-1">Windows</h2>
      <p class="small">Choose a window to see the events that its numbers are made of.</p>
      <div class="controls" role="group" aria-label="Which windows">
        <${Select} label="First" value=${listOrder.value?.name ?? ''} options=${orders} take=${(/** @type {string} */ order) => show({ order })} />
        <${Select} label="State" value=${state} options=${STATES} take=${(/** @type {string} */ state) => show({ state })} />
        ${
          from
            ? html`<ul class="chips" aria-label="Only of this time"><li><button type="button" onClick=${() => show({ from: undefined, to: undefined })} aria-label="Remove the time">
                <${Time} at=${from} /> ${to ? html`to <${Time} at=${to} />` : ''} <${Icon} name="close" /></button></li></ul>`
            : null
        }
      </div>
      ${trouble ? html`<${Notice} trouble=${trouble} isOld=${answer !== undefined} />` : null}
      ${answer ? html`<${Rows} answer=${answer} />` : html`<div class="scroll waiting"></div>`}
    </section>
  `;
}

/** @param {{ answer: import('../data/answers.js').Windows }} props */
function Rows({ answer: { data, page, meta } }) {
  const heads = [
    { name: 'start', label: 'Window' },
    ...meta.columns.map(({ name, role, type, unit }) => ({
      name,
      label: unit ? `${name} (${unit})` : name,
      isNumber: role === 'measure' && type !== 'text' && type !== 'jsonb',
    })),
    { name: 'state', label: 'State' },
    { name: 'revision', label: 'Merges', isNumber: true },
  ];
  const rows = data.map(({ start, end, key, measures, state, revision, traceId }) => ({
    name: `${start} ${JSON.stringify(key)}`,
    cells: [
      html`<${Time} at=${start} />`,
      ...meta.columns.map(({ name, role }) =>
        role === 'key' ? textOf(key[name]) : html`<span class="value">${exact(measures[name])}</span>`,
      ),
      html`<${State} state=${state} />`,
      exact(revision),
    ],
    open: {
      label: `Why? The events of ${start} ${Object.values(key).map(textOf).join(' ')}`,
      run: () => explain({ start, end, key, traceId }),
    },
  }));
  if (rows.length === 0)
    return html`<p class="empty">There are no such windows in this time. What to do: choose another state, a longer time, or fewer keys.</p>`;
  return html`
    <${DataTable} caption="Windows" heads=${heads} rows=${rows} isTall />
    ${(page.next || data.length >= page.limit) && listed.value < MOST_LISTED ? html`<p><button type="button" onClick=${() => (listed.value = Math.min(MOST_LISTED, 2 * listed.value))}>More</button></p>` : null}
  `;
}
