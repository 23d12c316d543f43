import { isAsked, take, token } from '../data/token.js';
import { html, useEffect, useRef } from '../ui.js';

/** Asks for the token that the API wants. */
export function SignIn() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const asked = isAsked.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
    else dialog.current?.close();
  }, [asked]);
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (e.target)).get('token');
    if (typeof given === 'string') take(given);
  };
  return html`
    <dialog ref=${dialog} class="narrow" aria-labelledby="sign-in" onCancel=${(/** @type {Event} */ e) => e.preventDefault()}>
      <h2 id="sign-in">A token is needed</h2>
      <p>${token.value === '' ? 'This server answers to those who have a token with the scope read.' : 'The token was not accepted: it is unknown to this server.'} It is kept in this tab only.</p>
      <form onSubmit=${submit}>
        <label class="field"><span>Token</span><input name="token" type="password" autocomplete="off" required autofocus /></label>
        <button type="submit" class="main">Go on</button>
      </form>
    </dialog>
  `;
}
