import { moment, zone } from '../data/time.js';
import { html } from '../ui.js';

/** A moment by the clocks that were chosen, with UTC when it is pointed at. @param {{ at: string }} props */
export function Time({ at }) {
  const date = new Date(at);
  return html`<time datetime=${at} title=${`${at.replace('T', ' ').replace('Z', '')} UTC · shown in ${zone.value}`}>${moment(date)}</time>`;
}
