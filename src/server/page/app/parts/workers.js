import { pipeline } from '../data/choice.js';
import { bytes, exact, percent, rate, seconds } from '../data/format.js';
import { html } from '../ui.js';
import { DataTable } from './data-table.js';

const HEADS = [
  { name: 'worker', label: 'Worker' },
  { name: 'state', label: 'State' },
  { name: 'rate', label: 'Events/s', isNumber: true },
  { name: 'loop', label: 'Thread', isNumber: true },
  { name: 'memory', label: 'Memory', isNumber: true },
  { name: 'held', label: 'Holds', isNumber: true },
  { name: 'credit', label: 'Credit used', isNumber: true },
  { name: 'retries', label: 'Retries', isNumber: true },
  { name: 'committed', label: 'Committed', isNumber: true },
  { name: 'late', label: 'Late', isNumber: true },
  { name: 'seen', label: 'Seen', isNumber: true },
  { name: 'sources', label: 'Reads' },
];
/** Those that ended stay for a week; the latest of them are enough. */
const MOST = 50;

/** Who does the work. */
export function Workers() {
  const all = pipeline.value?.workers ?? [];
  const order = ['live', 'silent', 'dead', 'ended'];
  const workers = [...all].sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state) || a.seen - b.seen);
  return html`
    <section aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      ${
        workers.length === 0
          ? html`<p class="empty">${pipeline.value ? 'There are none. What to do: start one with scalestream run.' : 'Asking…'}</p>`
          : html`<${DataTable} caption="Workers" heads=${HEADS} rows=${workers.slice(0, MOST).map(rowOf)} isTall />`
      }
      ${workers.length > MOST ? html`<p class="small">${MOST} of ${workers.length}.</p>` : null}
    </section>
  `;
}

/** @param {import('../data/answers.js').Worker} worker @param {number} index */
function rowOf({ worker, sources, state, seen, life, committed, late, vitals }, index) {
  const word = state === 'silent' ? `silent, given up in ${seconds(life)}` : state;
  const breaker = vitals?.breaker === 'open' ? ', receives nothing: the database fails' : '';
  return {
    name: `${worker} ${index}`,
    cells: [
      worker,
      html`<span class=${`worker ${state}`}>${word}${breaker}</span>`,
      rate(vitals?.rates['committed']),
      vitals ? percent(vitals.loop) : '–',
      vitals ? bytes(vitals.rssBytes) : '–',
      vitals ? bytes(vitals.heldBytes) : '–',
      vitals ? percent(vitals.credit) : '–',
      exact(vitals?.retries),
      exact(committed),
      exact(late),
      `${seconds(seen)} ago`,
      sources.join(', '),
    ],
  };
}
