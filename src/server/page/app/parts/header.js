import { pipelineName } from '../data/choice.js';
import { showPipeline } from '../data/link.js';
import { paused, status, way } from '../data/live.js';
import { pipelines } from '../data/pipelines.js';
import { nextTheme, theme } from '../data/theme.js';
import { changeZone, hasOwnZone, zone } from '../data/time.js';
import { html } from '../ui.js';
import { Icon } from './icon.js';
import { Select } from './select.js';

/** Which pipeline, and how the page is to be. */
export function Header() {
  const names = pipelines.value.answer?.data.map(({ name }) => ({ name, label: name })) ?? [];
  return html`
    <header class="bar">
      <a class="skip" href="#main">To the verdict</a>
      <span class="brand">ScaleStream</span>
      <${Select} label="Pipeline" value=${pipelineName.value} options=${names} take=${showPipeline} />
      <div class="tools">
        <${Way} />
        <button type="button" aria-pressed=${paused.value} onClick=${() => (paused.value = !paused.value)}>
          <${Icon} name=${paused.value ? 'play' : 'pause'} /> ${paused.value ? 'Resume' : 'Pause'}
        </button>
        ${
          hasOwnZone
            ? html`<button type="button" onClick=${changeZone} title="whose clocks times are shown by"><${Icon} name="clock" /> ${zone.value}</button>`
            : html`<span class="quiet" title="whose clocks times are shown by">Times in UTC</span>`
        }
        <button type="button" onClick=${nextTheme}><${Icon} name="theme" /> <span class="unseen">Theme: </span>${theme.value}</button>
      </div>
    </header>
  `;
}

/** How news comes in, as a word. */
function Way() {
  const [name, word] = paused.value
    ? ['paused', 'Paused']
    : status.value.trouble
      ? ['away', 'Asking again']
      : way.value === 'stream'
        ? ['live', 'Live']
        : ['live', 'Every second'];
  return html`<span class=${`way ${name}`}>${word}</span>`;
}
