import { pipeline, pipelineName } from '../data/choice.js';
import { seconds } from '../data/format.js';
import { paused, status } from '../data/live.js';
import { pipelines } from '../data/pipelines.js';
import { effect, html, signal } from '../ui.js';
import { Icon } from './icon.js';
import { Time } from './time.js';
import { Notice } from './trouble.js';

/** How the pipeline does, in one sentence, and before anything else. */
export function Verdict() {
  const trouble = status.value.trouble ?? pipelines.value.trouble;
  return html`
    <section class="verdict" aria-labelledby="verdict">
      <h1 id="verdict" class="unseen">Verdict</h1>
      <${Sentence} />
      <p class="unseen" role="status">${announced}</p>
      ${trouble ? html`<${Notice} trouble=${trouble} isOld=${pipeline.value !== undefined} />` : null}
      ${pipelines.value.answer?.data.length === 0 ? html`<p>Nothing is served here. What to do: name the files of pipelines to <code>scalestream serve</code>.</p>` : null}
      <${Moments} />
    </section>
  `;
}

/** @type {Readonly<Record<string, Parameters<typeof Icon>[0]['name']>>} */
const SIGNS = { 'keeps-up': 'good', behind: 'bad', paused: 'pause', idle: 'rest', stopped: 'bad' };

function Sentence() {
  const verdict = verdictOf(pipeline.value);
  if (!verdict)
    return html`<p class="sentence waiting">${pipelineName.value ? `Asking for ${pipelineName.value}…` : 'Asking…'}</p>`;
  return html`<p class=${`sentence ${verdict.state}`}><${Icon} name=${SIGNS[verdict.state] ?? 'rest'} /><span>${verdict.text}</span></p>`;
}

/** What the server says; of one that says nothing yet, what follows from how far it is. @param {import('../data/answers.js').Pipeline | undefined} told */
export function verdictOf(told) {
  if (!told) return undefined;
  const { verdict, name, lag, held } = told;
  return (
    verdict ?? {
      state: 'unknown',
      text: lag === null ? `${name} has no watermark yet: ${held}` : `${name} is ${seconds(lag)} behind: ${held}`,
    }
  );
}

/** Told to those who listen, only when the state is another one: the sentence changes every second. */
const announced = signal('');
let state = '';
effect(() => {
  const verdict = verdictOf(pipeline.value);
  const next = verdict ? `${pipeline.value?.name} ${verdict.state}` : '';
  if (next === state) return;
  state = next;
  announced.value = verdict?.text ?? '';
});
effect(() => {
  const verdict = verdictOf(pipeline.value);
  const word = verdict && verdict.state !== 'unknown' ? ` ${verdict.state.replace('-', ' ')}` : '';
  document.title = pipeline.value ? `${pipeline.value.name}${word} – ScaleStream` : 'ScaleStream';
});

function Moments() {
  const told = pipeline.value;
  const { meta } = status.value.answer ?? {};
  return html`
    <dl class="facts">
      <div><dt>Watermark</dt><dd>${told?.watermark ? html`<${Time} at=${told.watermark} />` : '–'}</dd></div>
      <div><dt>All windows final to</dt><dd>${told?.final ? html`<${Time} at=${told.final} />` : '–'}</dd></div>
      <div><dt>${paused.value ? 'Paused; as of' : 'As of'}</dt><dd>${told && meta ? html`<${Time} at=${meta.asOf} />` : '–'}</dd></div>
    </dl>
  `;
}
