import { askJson, Trouble } from '../data/ask.js';
import { table } from '../data/choice.js';
import { counted, textOf } from '../data/format.js';
import { pathOfTable } from '../data/windows.js';
import { html, signal, useEffect, useRef, useSignal } from '../ui.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** @typedef {{ start: string, end: string, key: Readonly<Record<string, unknown>>, traceId?: string | null }} Window */

const explained = signal(/** @type {Window | undefined} */ (undefined));

/** Shows the raw events of a window. @param {Window} window */
export const explain = (window) => (explained.value = window);

/** Why a number is what it is: the events of one window, as they are stored. */
export function Why() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const window = explained.value;
  useEffect(() => {
    if (window) dialog.current?.showModal();
  }, [window]);
  return html`
    <dialog ref=${dialog} aria-labelledby="why" onClose=${() => (explained.value = undefined)}>
      <div class="dialog-head">
        <h2 id="why">Why this number?</h2>
        <button type="button" onClick=${() => dialog.current?.close()}>Close</button>
      </div>
      ${window ? html`<${RawEvents} key=${JSON.stringify(window)} window=${window} />` : null}
    </dialog>
  `;
}

/** @param {{ window: Window }} props */
function RawEvents({ window: { start, end, key, traceId } }) {
  /** @type {import('@preact/signals').Signal<string | undefined>} */
  const cursor = useSignal(undefined);
  /** @type {import('@preact/signals').Signal<{ answer?: import('../data/answers.js').Events, trouble?: Trouble }>} */
  const found = useSignal({});
  const after = cursor.value;
  useEffect(() => {
    const stop = new AbortController();
    found.value = {};
    const query = new URLSearchParams({ start, limit: '50', ...(after ? { cursor: after } : {}) });
    for (const [column, value] of Object.entries(key)) query.set(`key.${column}`, textOf(value));
    askJson(`${pathOfTable(table.peek()?.name ?? '')}/events?${query}`, stop.signal).then(
      (answer) => (found.value = { answer: /** @type {import('../data/answers.js').Events} */ (answer) }),
      (trouble) => {
        if (trouble instanceof Trouble) found.value = { trouble };
      },
    );
    return () => stop.abort();
  }, [after]);
  const { answer, trouble } = found.value;
  return html`
    <p>
      ${Object.entries(key).map(([column, value]) => html`<span key=${column}>${column} <b>${textOf(value)}</b>, </span>`)}
      <${Time} at=${start} /> to <${Time} at=${end} />.
      ${answer ? ` ${counted(answer.data.length, 'event')}${answer.page.next ? ' so far' : ''}, found by folding ${counted(answer.meta.read, 'raw event')} of that time again.` : ''}
      ${answer && answer.meta.unreadable > 0 ? ` ${counted(answer.meta.unreadable, 'event')} can no longer be read.` : ''}
      ${traceId ? html` Changed last in trace <code>${traceId}</code>.` : null}
    </p>
    ${trouble ? html`<${Notice} trouble=${trouble} />` : null}
    ${!answer && !trouble ? html`<p class="empty">Asking…</p>` : null}
    ${answer && answer.data.length === 0 && !answer.page.next ? html`<p class="empty">No raw events are left of it: they may be kept for a shorter time than the windows.</p>` : null}
    <ol class="events">
      ${answer?.data.map(({ id, time, event }) => html`<li key=${id}><p class="small"><${Time} at=${time} /> · ${id}</p><pre tabindex="0" aria-label=${`Event ${id}`}>${JSON.stringify(event, null, 2)}</pre></li>`)}
    </ol>
    <p class="row">
      ${after ? html`<button type="button" onClick=${() => (cursor.value = undefined)}>From the beginning</button>` : null}
      ${answer?.page.next ? html`<button type="button" onClick=${() => (cursor.value = answer.page.next ?? undefined)}>Next events</button>` : null}
    </p>
  `;
}
