import { effect, signal } from '../ui.js';

/** @type {readonly ('system' | 'light' | 'dark')[]} */
const THEMES = ['system', 'light', 'dark'];
const NAME = 'theme';

const kept = document.documentElement.dataset[NAME];
/** What was chosen; `system`: what the system says. @type {import('@preact/signals').Signal<'system' | 'light' | 'dark'>} */
export const theme = signal(kept === 'light' || kept === 'dark' ? kept : 'system');
export const nextTheme = () => (theme.value = THEMES[(THEMES.indexOf(theme.peek()) + 1) % THEMES.length] ?? 'system');

const dark = matchMedia('(prefers-color-scheme: dark)');
/** Changes whenever colours do: who draws them draws anew. */
export const colours = signal(0);
dark.addEventListener('change', () => colours.value++);

effect(() => {
  const { dataset } = document.documentElement;
  if (theme.value === 'system') delete dataset[NAME];
  else dataset[NAME] = theme.value;
  try {
    localStorage.setItem(NAME, theme.value);
  } catch {
    // then it lasts until the page is loaded again
  }
  colours.value = colours.peek() + 1;
});
