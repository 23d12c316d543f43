import { pipeline } from '../data/choice.js';
import { counted, percent, rate } from '../data/format.js';
import { html } from '../ui.js';

/** What the pipeline does, stage after stage: how much goes through, and which of them holds up the others. */
export function Stages() {
  const { stages, rates, retries, breaker } = pipeline.value ?? {};
  return html`
    <section aria-labelledby="stages">
      <h2 id="stages">Stages</h2>
      ${
        stages && stages.length > 0
          ? html`<ol class="flow">${stages.map((stage) => html`<${Stage} key=${stage.stage} stage=${stage} trouble=${troubleOf(stage.stage, rates, retries)} />`)}</ol>`
          : html`<p class=${`empty ${pipeline.value ? '' : 'flow-empty'}`}>${pipeline.value ? 'No worker tells of its stages. What to do: start one with scalestream run.' : 'Asking…'}</p>`
      }
      ${breaker ? html`<p class="warn">${counted(breaker, 'worker')} stopped receiving, since the database fails; that goes on by itself once it answers.</p>` : null}
      <${Rates} rates=${rates} retries=${retries} />
    </section>
  `;
}

/** What goes wrong in a stage. @param {string} stage @param {Readonly<Record<string, number>>} [rates] @param {number} [retries] */
function troubleOf(stage, rates, retries) {
  if (stage === 'transaction' && retries) return `${counted(retries, 'retry', 'retries')} in 10 s`;
  if (stage === 'decode' && rates?.['rejected']) return `${rate(rates['rejected'])} rejected/s`;
  return undefined;
}

/** @typedef {'busy' | 'backpressured' | 'idle'} Share */
/** @type {readonly Share[]} */
const SHARES = ['busy', 'backpressured', 'idle'];

/** @param {{ stage: import('../data/answers.js').Stage, trouble: string | undefined }} props */
function Stage({ stage, trouble }) {
  const most = SHARES.reduce((a, b) => (stage[b] > stage[a] ? b : a));
  return html`
    <li class="stage">
      <h3>${stage.stage}</h3>
      <p class=${`word ${most}`}>${most}</p>
      <p class="big">${rate(stage.messages)}<span class="unit"> msg/s</span></p>
      <div class="shares" aria-hidden="true">
        ${SHARES.map((share) => html`<span key=${share} class=${share} style=${{ width: `${100 * stage[share]}%` }}></span>`)}
      </div>
      <p class="small">${SHARES.flatMap((share) => [html`<span key=${share}>${share} ${percent(stage[share])}</span>`, ' '])}</p>
      <p class="small">${stage.held > 0 ? `${counted(stage.held, 'message')} held` : 'nothing held'}</p>
      <p class=${trouble ? 'small warn' : 'small'}>${trouble ?? 'no errors'}</p>
    </li>
  `;
}

const RATES = ['messages', 'committed', 'duplicates', 'rejected', 'filtered', 'diverted', 'late'];

/** @param {{ rates: Readonly<Record<string, number>> | undefined, retries: number | undefined }} props */
const Rates = ({ rates, retries }) => html`
  <dl class="facts">
    ${RATES.map((name) => html`<div key=${name}><dt>${name}/s</dt><dd>${rate(rates?.[name])}</dd></div>`)}
    <div><dt>retries in 10 s</dt><dd>${retries ?? '–'}</dd></div>
  </dl>
`;
