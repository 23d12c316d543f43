/** What all parts of the page are made of, from one place. */
import htm from 'htm';
import { h } from 'preact';

export { render } from 'preact';
export { useEffect, useRef } from 'preact/hooks';
export { computed, effect, signal, untracked, useSignal } from '@preact/signals';

/** Elements as tagged templates. Values become text or properties, never markup. */
export const html = htm.bind(h);
