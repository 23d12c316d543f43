import { signal } from '../ui.js';

const NAME = 'token';

/** The token of whoever looks; kept as long as the tab is, and nowhere else. Empty: none. */
export const token = signal(kept());
/** Whether the API wants one, or another one. */
export const isAsked = signal(false);

/** @param {string} given */
export function take(given) {
  token.value = given.trim();
  isAsked.value = false;
  try {
    sessionStorage.setItem(NAME, token.value);
  } catch {
    // then it lasts until the page is loaded again
  }
}

function kept() {
  try {
    return sessionStorage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}
