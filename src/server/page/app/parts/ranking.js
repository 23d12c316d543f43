import { buckets, keyColumns, period, rank, rankBy, rankChoice } from '../data/choice.js';
import { exact } from '../data/format.js';
import { show } from '../data/link.js';
import { labelOf } from '../data/series.js';
import { ranking } from '../data/windows.js';
import { html } from '../ui.js';
import { Select } from './select.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** Who has the most of a measure in the latest period. */
export function Ranking() {
  const { answer, trouble } = ranking.value;
  if (!rank.value || !period.value) return null;
  const isList = rank.value.kind === 'topK';
  const rows = answer ? largestOf(answer, rank.value.name) : [];
  const most = rows.reduce((most, { n }) => Math.max(most, Number(n)), 0);
  const [first] = answer?.data ?? [];
  return html`
    <section aria-labelledby="ranking">
      <h2 id="ranking">Largest</h2>
      <div class="controls" role="group" aria-label="What is ranked">
        <${Select} label="By measure" value=${rank.value.name} options=${rankChoice.value.map(({ name }) => ({ name, label: name }))} take=${(/** @type {string} */ rank) => show({ rank })} />
        ${
          !isList && keyColumns.value.length > 1
            ? html`<${Select} label="Of" value=${rankBy.value?.name} options=${keyColumns.value.map(({ name }) => ({ name, label: name }))} take=${(/** @type {string} */ by) => show({ by })} />`
            : null
        }
        <${Select} label="Period" value=${period.value.name} options=${buckets.value} take=${(/** @type {string} */ period) => show({ period })} />
      </div>
      <p class="small">${first ? html`So far in the period from <${Time} at=${first.start} />` : ' '}</p>
      ${trouble ? html`<${Notice} trouble=${trouble} isOld=${answer !== undefined} />` : null}
      <table class="ranks">
        <caption class="unseen">Largest ${rank.value.name}</caption>
        <thead class="unseen"><tr><th scope="col">Rank</th><th scope="col">Value</th><th scope="col">${rank.value.name}</th></tr></thead>
        <tbody>
          ${rows.map(
            ({ label, n }, i) => html`<tr key=${i}>
              <td class="rank">${i + 1}</td>
              <th scope="row"><span class="ranked">${label}</span><span class="bar-of" aria-hidden="true" style=${{ width: `${most > 0 ? Math.max(0, (100 * Number(n)) / most) : 0}%` }}></span></th>
              <td class="number">${exact(n)}</td>
            </tr>`,
          )}
        </tbody>
      </table>
      ${answer && rows.length === 0 ? html`<p class="empty">Nothing in this period yet.</p>` : null}
    </section>
  `;
}

/** @param {import('../data/answers.js').Windows} answer @param {string} measure @returns {readonly { label: string, n: unknown }[]} */
function largestOf({ data, meta }, measure) {
  const column = meta.columns.find(({ name }) => name === measure);
  if (!column) return [];
  if (column.kind !== 'topK')
    return data.flatMap(({ key, measures }) =>
      measures[measure] === null ? [] : [{ label: labelOf(key), n: measures[measure] }],
    );
  return data.flatMap(({ key, measures }) => {
    const items = /** @type {readonly { item: string, n: unknown }[] | null} */ (measures[measure]) ?? [];
    const of = labelOf(key);
    return items.map(({ item, n }) => ({ label: of ? `${of} · ${item}` : item, n }));
  });
}
