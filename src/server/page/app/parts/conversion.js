import { funnels, period } from '../data/choice.js';
import { exact, percent } from '../data/format.js';
import { labelOf } from '../data/series.js';
import { conversion } from '../data/windows.js';
import { html } from '../ui.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** How many came how far, where the table has a funnel. */
export function Conversion() {
  const { answer, trouble } = conversion.value;
  if (funnels.value.length === 0 || !period.value) return null;
  const [first] = answer?.data ?? [];
  return html`
    <section aria-labelledby="conversion">
      <h2 id="conversion">Conversion</h2>
      <p class="small">${first ? html`So far in the period of ${period.value.label} from <${Time} at=${first.start} />` : ' '}</p>
      ${trouble ? html`<${Notice} trouble=${trouble} isOld=${answer !== undefined} />` : null}
      ${(answer?.data ?? []).flatMap((row) => funnels.value.map(({ measure, steps }) => html`<${Steps} key=${measure + labelOf(row.key)} measure=${measure} steps=${steps} row=${row} />`))}
      ${answer && answer.data.length === 0 ? html`<p class="empty">Nobody in this period yet.</p>` : null}
    </section>
  `;
}

/** @param {{ measure: string, steps: readonly import('../data/answers.js').Column[], row: import('../data/answers.js').Row }} props */
function Steps({ measure, steps, row }) {
  const counts = steps.map(({ name }) => ({ name: name.slice(measure.length + 1), n: row.measures[name] }));
  const all = Number(counts[0]?.n ?? 0);
  /** @param {number} of @param {number} n */
  const share = (n, of) => (of > 0 ? percent(n / of) : '–');
  return html`
    <table class="ranks">
      <caption>${[measure, labelOf(row.key)].filter((each) => each !== '').join(' · ')}</caption>
      <thead><tr><th scope="col">Step</th><th scope="col" class="number">Reached</th><th scope="col" class="number">of the first</th><th scope="col" class="number">of the one before</th></tr></thead>
      <tbody>
        ${counts.map(
          ({ name, n }, i) => html`<tr key=${name}>
            <th scope="row"><span class="ranked">${name}</span><span class="bar-of" aria-hidden="true" style=${{ width: `${all > 0 ? (100 * Number(n)) / all : 0}%` }}></span></th>
            <td class="number">${exact(n)}</td>
            <td class="number">${share(Number(n), all)}</td>
            <td class="number">${i === 0 ? '' : share(Number(n), Number(counts[i - 1]?.n))}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  `;
}
