import { html } from '../ui.js';

/**
 * @param {{ label: string, value: string | undefined, options: readonly { name: string, label: string }[], take: (name: string) => void }} props
 */
export const Select = ({ label, value, options, take }) => html`
  <label class="field">
    <span>${label}</span>
    <select value=${value} disabled=${options.length === 0} onChange=${(/** @type {Event} */ e) => take(/** @type {HTMLSelectElement} */ (e.target).value)}>
      ${options.map(({ name, label }) => html`<option key=${name} value=${name} selected=${name === value}>${label}</option>`)}
    </select>
  </label>
`;
