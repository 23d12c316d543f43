import { askJson } from '../data/ask.js';
import { textOf } from '../data/format.js';
import { link, show } from '../data/link.js';
import { pathOfTable } from '../data/windows.js';
import { table } from '../data/choice.js';
import { html, useEffect, useSignal } from '../ui.js';
import { Icon } from './icon.js';

/** Values of one key column at most: more lines could not be told apart. */
const MOST_VALUES = 8;
const SUGGESTED = '50';

/** Chooses values of a key column, which the server suggests as one types. @param {{ column: string }} props */
export function KeyFilter({ column }) {
  const text = useSignal('');
  const found = useSignal(/** @type {readonly string[]} */ ([]));
  const name = table.value?.name ?? '';
  const values = link.value.keys[column] ?? [];
  const typed = text.value;
  useEffect(() => {
    const end = new AbortController();
    const path = `${pathOfTable(name, 'keys')}?${new URLSearchParams({ column, prefix: typed, limit: SUGGESTED })}`;
    void askJson(path, end.signal).then(
      (answer) => (found.value = /** @type {{ data: readonly unknown[] }} */ (answer).data.map(textOf)),
      // then nothing is suggested; what is typed can be taken all the same
      () => undefined,
    );
    return () => end.abort();
  }, [name, column, typed]);

  /** @param {readonly string[]} next */
  const take = (next) => show({ keys: { ...link.peek().keys, [column]: next } });
  /** @param {string} value */
  const add = (value) => {
    if (value === '' || values.length >= MOST_VALUES) return;
    take([...new Set([...values, value])]);
    text.value = '';
  };
  const id = `key-${column}`;
  return html`
    <form class="field keys" onSubmit=${(/** @type {Event} */ e) => (e.preventDefault(), add(text.value))}>
      <label for=${id}>${column}</label>
      <span class="row">
        <input
          id=${id} list=${`${id}-values`} autocomplete="off" maxlength="200" value=${typed} disabled=${values.length >= MOST_VALUES}
          placeholder=${values.length === 0 ? 'all' : 'one more'}
          onInput=${(/** @type {InputEvent} */ e) => {
            const { value } = /** @type {HTMLInputElement} */ (e.target);
            // a suggestion that was picked comes at once, not letter by letter
            if (e.inputType === 'insertReplacementText' || e.inputType === undefined) add(value);
            else text.value = value;
          }}
        />
        <button type="submit" disabled=${typed === ''} aria-label=${`Add to ${column}`}>Add</button>
      </span>
      <datalist id=${`${id}-values`}>${found.value.map((value) => html`<option key=${value} value=${value}></option>`)}</datalist>
      ${
        values.length > 0
          ? html`<ul class="chips" aria-label=${`Chosen values of ${column}`}>
              ${values.map((value) => html`<li key=${value}><button type="button" onClick=${() => take(values.filter((each) => each !== value))} aria-label=${`Remove ${value}`}>${value} <${Icon} name="close" /></button></li>`)}
            </ul>`
          : null
      }
    </form>
  `;
}
