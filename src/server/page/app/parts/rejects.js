import { pipeline } from '../data/choice.js';
import { bytes, exact } from '../data/format.js';
import { link, show } from '../data/link.js';
import { rejects, withBodies } from '../data/rejects.js';
import { html } from '../ui.js';
import { DataTable } from './data-table.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** What could not be counted, and why. */
export function Rejects() {
  const { answer, trouble } = rejects.value;
  const counts = Object.entries(pipeline.value?.rejects ?? {});
  return html`
    <section aria-labelledby="rejects">
      <h2 id="rejects">Rejects</h2>
      <div class="controls" role="group" aria-label="Which rejects">
        ${counts.map(([reason, n]) => {
          const isChosen = link.value.reason === reason;
          return html`<button key=${reason} type="button" class="count" aria-pressed=${isChosen} onClick=${() => show({ reason: isChosen ? undefined : reason })}>${reason} <b>${exact(n)}</b></button>`;
        })}
        <label class="check"><input type="checkbox" checked=${withBodies.value} onChange=${() => (withBodies.value = !withBodies.value)} /> Show bodies</label>
      </div>
      ${trouble ? html`<${Notice} trouble=${trouble} isOld=${answer !== undefined} />` : null}
      ${answer ? html`<${Rows} rows=${answer.data} />` : null}
    </section>
  `;
}

const HEADS = [
  { name: 'rejectedAt', label: 'When' },
  { name: 'reason', label: 'Reason' },
  { name: 'detail', label: 'Detail' },
  { name: 'stage', label: 'Stage' },
  { name: 'size', label: 'Size', isNumber: true },
];
const BODY = { name: 'body', label: 'Body' };

/** @param {{ rows: readonly import('../data/answers.js').Reject[] }} props */
function Rows({ rows }) {
  if (rows.length === 0) return html`<p class="empty">None: all events could be counted.</p>`;
  const hasBodies = rows.some(({ body }) => body !== undefined);
  const shown = rows.map(({ rejectedAt, reason, detail, stage, size, body, encoding, messageId, ordinal }) => ({
    name: `${messageId} ${ordinal} ${rejectedAt}`,
    cells: [
      html`<${Time} at=${rejectedAt} />`,
      reason,
      html`<span class="wide">${detail}</span>`,
      stage,
      bytes(size),
      ...(hasBodies
        ? [html`<pre tabindex="0" aria-label="Body${encoding === 'base64' ? ', in base64' : ''}">${body}</pre>`]
        : []),
    ],
  }));
  return html`<${DataTable} caption="The latest rejects" heads=${hasBodies ? [...HEADS, BODY] : HEADS} rows=${shown} isTall />`;
}
