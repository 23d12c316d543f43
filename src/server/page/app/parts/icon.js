import { html } from '../ui.js';

const PATHS = {
  good: 'M3.5 8.5l3 3 6-7',
  bad: 'M8 2.5L14.5 13.5H1.5zM8 6.5v3.2M8 11.6v.2',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  rest: 'M3 8h10',
  theme: 'M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12',
  clock: 'M8 2a6 6 0 1 0 .01 0M8 4.8V8l2.2 1.6',
  close: 'M4 4l8 8M12 4l-8 8',
};

/** A sign beside a word; it says nothing that the word does not. @param {{ name: keyof typeof PATHS }} props */
export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
