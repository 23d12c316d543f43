import { effect, signal } from '../ui.js';
import { ask, askJson, Trouble, troubleOf } from './ask.js';
import { readEvents } from './event-stream.js';
import { token } from './token.js';

/**
 * How the page learns that there is something new: the server's stream of events, or a question every second where there is none. What is new is asked for anew;
 * the stream says when, and brings the state of the pipeline along.
 *
 * @typedef {{ data: import('./answers.js').Pipeline, meta: import('./answers.js').Meta }} PipelineAnswer
 */

/** Whether whoever looks wants nothing to change. */
export const paused = signal(false);
/** How news comes in. @type {import('@preact/signals').Signal<'stream' | 'asking'>} */
export const way = signal('asking');
/** Counts news. */
export const beat = signal(0);
/** The pipeline as it was told last, and why it is no longer told. @type {import('@preact/signals').Signal<{ answer?: PipelineAnswer, trouble?: Trouble }>} */
export const status = signal({});

const visible = signal(!document.hidden);
document.addEventListener('visibilitychange', () => (visible.value = !document.hidden));

const EVERY_MS = 1_000;
/** A stream that says nothing for so long is dead: the server sends a comment every 15 s. */
const SILENCE_MS = 40_000;
const LONGEST_WAIT_MS = 30_000;
/** The stream is to say that windows changed, not which: they are asked for as they are shown, in buckets. */
const NO_WINDOWS = '2249-01-01T00:00:00Z';

/**
 * Follows a pipeline, whichever it is, while somebody looks.
 *
 * @param {() => string | undefined} nameOf
 */
export function followPipeline(nameOf) {
  effect(() => {
    const name = nameOf();
    // another token is another authority: everything is asked anew
    void token.value;
    if (name === undefined || !visible.value) return undefined;
    const end = new AbortController();
    const path = `v1/pipelines/${encodeURIComponent(name)}`;
    if (!paused.value) void watch(path, end.signal);
    else if (status.peek().answer?.data.name !== name) void askJson(path, end.signal).then(told, failed(end.signal));
    return () => end.abort();
  });
}

/** @param {string} path @param {AbortSignal} signal */
async function watch(path, signal) {
  let [wait, notBefore] = [EVERY_MS, 0];
  while (!signal.aborted) {
    if (performance.now() >= notBefore) {
      const lasted = await stream(path, signal);
      way.value = 'asking';
      wait = lasted ? EVERY_MS : Math.min(LONGEST_WAIT_MS, wait * 2);
      notBefore = performance.now() + wait;
    }
    if (signal.aborted) return;
    await askJson(path, signal).then(told, failed(signal));
    beat.value++;
    await elapsed(EVERY_MS, signal);
  }
}

/** @param {unknown} answer */
function told(answer) {
  status.value = { answer: /** @type {PipelineAnswer} */ (answer) };
}

/** @param {AbortSignal} signal @returns {(error: unknown) => void} */
const failed = (signal) => (error) => {
  if (!signal.aborted && error instanceof Trouble) status.value = { ...status.peek(), trouble: error };
};

/**
 * Reads the stream until it ends.
 *
 * @param {string} path @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether there was one
 */
async function stream(path, signal) {
  const own = new AbortController();
  const end = AbortSignal.any([signal, own.signal]);
  let silence = setTimeout(() => own.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => own.abort(), SILENCE_MS);
  };
  let lasted = false;
  try {
    const { body, headers } = await ask(`${path}/stream?from=${NO_WINDOWS}`, end, { accept: 'text/event-stream' });
    if (!body || !headers.get('content-type')?.startsWith('text/event-stream')) return false;
    lasted = true;
    way.value = 'stream';
    for await (const { event, data } of readEvents(body, heard)) {
      if (event === 'bye') return true;
      if (event === 'stats') told(JSON.parse(data));
      // that of a table is met by whoever asks for its windows
      if (event === 'trouble' && !data.includes('"table":')) failed(end)(troubleOf(JSON.parse(data)));
      beat.value++;
    }
    return true;
  } catch {
    // why there is no stream is told by the question that comes in its place
    return lasted;
  } finally {
    clearTimeout(silence);
    own.abort();
  }
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
const elapsed = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
