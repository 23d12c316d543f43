import {
  bucket,
  bucketChoice,
  buckets,
  chosenMeasures,
  keyColumns,
  numberColumns,
  span,
  table,
  tables,
} from '../data/choice.js';
import { SPANS } from '../data/buckets.js';
import { show, showTable } from '../data/link.js';
import { html } from '../ui.js';
import { KeyFilter } from './key-filter.js';
import { Select } from './select.js';

/** Charts beside each other at most. */
const MOST_CHARTS = 4;

/** What of the windows is looked at. */
export const Controls = () => html`
  <div class="controls" role="group" aria-label="What is shown">
    <${Select} label="Table" value=${table.value?.name} options=${tables.value.map(({ name }) => ({ name, label: name }))} take=${showTable} />
    <${Select} label="Time" value=${span.value.name} options=${spansFor()} take=${(/** @type {string} */ span) => show({ span, bucket: undefined, from: undefined, to: undefined })} />
    <${Select} label="Bucket" value=${bucket.value?.name} options=${bucketChoice.value} take=${(/** @type {string} */ bucket) => show({ bucket })} />
    ${keyColumns.value.map(({ name }) => html`<${KeyFilter} key=${`${table.value?.name} ${name}`} column=${name} />`)}
    <${Measures} />
  </div>
`;

const spansFor = () => SPANS.filter(({ seconds }) => seconds >= 2 * (buckets.value[0]?.seconds ?? 0));

function Measures() {
  const chosen = chosenMeasures.value.map(({ name }) => name);
  if (numberColumns.value.length === 0) return null;
  /** @param {string} name */
  const toggle = (name) => {
    const next = chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name];
    show({ measures: numberColumns.value.map(({ name }) => name).filter((name) => next.includes(name)) });
  };
  return html`
    <fieldset class="field measures">
      <legend>Measures</legend>
      ${numberColumns.value.map(({ name, unit }) => {
        const isChosen = chosen.includes(name);
        const isFixed = isChosen ? chosen.length === 1 : chosen.length >= MOST_CHARTS;
        return html`<label key=${name} class="check"><input type="checkbox" checked=${isChosen} disabled=${isFixed} onChange=${() => toggle(name)} /> ${name}${unit ? html` <span class="quiet">${unit}</span>` : null}</label>`;
      })}
    </fieldset>
  `;
}
