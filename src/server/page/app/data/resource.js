import { effect, signal, untracked } from '../ui.js';
import { askJson, Trouble } from './ask.js';
import { beat, paused } from './live.js';
import { token } from './token.js';

/**
 * A question to the API that is asked again while there is news.
 *
 * @template Answer
 * @typedef {object} Asked
 * @property {string} [question] that the answer is of
 * @property {Answer} [answer] the last one; of the question before until there is a new one
 * @property {Trouble} [trouble] why there is none, or no newer one
 */

/** A question is asked again only after so many times what the last answer took: a slow database is not asked more the slower it is. */
const REST = 4;

/**
 * @template Answer
 * @param {() => string | undefined} questionOf what is asked, but for the time that goes on; `undefined`: nothing
 * @param {() => string} pathOf that, as it is to be asked now
 * @param {number} everyMs no more often
 * @returns {import('@preact/signals').ReadonlySignal<Asked<Answer>>}
 */
export function resource(questionOf, pathOf, everyMs) {
  /** @type {import('@preact/signals').Signal<Asked<Answer>>} */
  const state = signal({});
  /** @type {AbortController | undefined} */
  let underWay;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {string | undefined} */
  let question;
  let [due, isNews] = [0, false];

  async function load() {
    underWay?.abort();
    const own = (underWay = new AbortController());
    const asked = question ?? '';
    const began = performance.now();
    isNews = false;
    try {
      const answer = /** @type {Answer} */ (await askJson(untracked(pathOf), own.signal));
      if (!own.signal.aborted) state.value = { question: asked, answer };
    } catch (error) {
      if (own.signal.aborted) return;
      const trouble = error instanceof Trouble ? error : new Trouble(String(error), {});
      const before = state.peek();
      state.value = before.question === asked ? { ...before, trouble } : { trouble };
    } finally {
      if (underWay === own) {
        underWay = undefined;
        due = performance.now() + Math.max(everyMs, REST * (performance.now() - began));
        again();
      }
    }
  }

  /** Asks again, once it is time to: the last news is not missed. */
  function again() {
    if (!isNews || paused.peek() || question === undefined || underWay || timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      if (isNews && !paused.peek() && question !== undefined && !underWay) void load();
    }, due - performance.now());
  }

  effect(() => {
    question = questionOf();
    // another token is another authority
    void token.value;
    if (question === undefined) {
      underWay?.abort();
      underWay = undefined;
      state.value = {};
    } else void load();
  });
  effect(() => {
    void [beat.value, paused.value];
    isNews = true;
    again();
  });
  return state;
}
