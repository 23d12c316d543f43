import { html } from '../ui.js';
import { Icon } from './icon.js';

/**
 * Why there is nothing to show, or nothing newer, and what to do.
 *
 * @param {{ trouble: import('../data/ask.js').Trouble, isOld?: boolean }} props `isOld`: what is shown is of before
 */
export const Notice = ({ trouble: { message, detail, fix, status }, isOld = false }) => html`
  <div class="notice">
    <${Icon} name="bad" />
    <div>
      <p><strong>${message}.</strong> ${detail}</p>
      ${fix ? html`<p>What to do: ${fix.replace(/\.$/, '')}.</p>` : null}
      ${status === 0 || status === 429 || status >= 500 ? html`<p>${isOld ? 'What is shown is of before. ' : ''}This page asks again by itself.</p>` : null}
    </div>
  </div>
`;
