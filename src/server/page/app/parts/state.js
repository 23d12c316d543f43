import { html } from '../ui.js';

/** @type {Readonly<Record<string, string>>} */
const WORDS = { open: 'provisional', final: 'final', revised: 'revised' };

/** Whether a window may still change, as a word; the API calls a provisional one open. @param {{ state: string }} props */
export const State = ({ state }) => html`<span class=${`state ${state}`}>${WORDS[state] ?? state}</span>`;
