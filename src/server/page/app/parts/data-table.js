import { html } from '../ui.js';

/**
 * @typedef {{ name: string, label: string, isNumber?: boolean }} Head
 * @typedef {{ name: string, cells: readonly unknown[], open?: { label: string, run: () => void } }} TableRow `open`: what a click on it does, or Enter on its first cell
 */

/**
 * A table that scrolls within itself, by keys too.
 *
 * @param {{ caption: string, heads: readonly Head[], rows: readonly TableRow[], isTall?: boolean }} props
 */
export const DataTable = ({ caption, heads, rows, isTall = false }) => html`
  <div class=${`scroll${isTall ? ' tall' : ''}`} role="region" aria-label=${caption} tabindex="0">
    <table>
      <caption class="unseen">${caption}</caption>
      <thead>
        <tr>${heads.map(({ name, label, isNumber }) => html`<th key=${name} scope="col" class=${isNumber ? 'number' : ''}>${label}</th>`)}</tr>
      </thead>
      <tbody>${rows.map((row) => html`<${Row} key=${row.name} row=${row} heads=${heads} />`)}</tbody>
    </table>
  </div>
`;

/** @param {{ row: TableRow, heads: readonly Head[] }} props */
function Row({ row: { cells, open }, heads }) {
  const [first, ...others] = cells;
  const start = open
    ? html`<button type="button" class="link" aria-label=${open.label} onClick=${(/** @type {Event} */ e) => (e.stopPropagation(), open.run())}>${first}</button>`
    : first;
  return html`
    <tr class=${open ? 'opens' : ''} onClick=${open?.run}>
      <th scope="row" class=${heads[0]?.isNumber ? 'number' : ''}>${start}</th>
      ${others.map((cell, i) => html`<td key=${heads[i + 1]?.name} class=${heads[i + 1]?.isNumber ? 'number' : ''}>${cell}</td>`)}
    </tr>
  `;
}
