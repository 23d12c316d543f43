import { pipelineName } from './data/choice.js';
import { followPipeline } from './data/live.js';
import { Conversion } from './parts/conversion.js';
import { Header } from './parts/header.js';
import { Listing } from './parts/listing.js';
import { Ranking } from './parts/ranking.js';
import { Rejects } from './parts/rejects.js';
import { SignIn } from './parts/sign-in.js';
import { Stages } from './parts/stages.js';
import { Trend } from './parts/trend.js';
import { Verdict } from './parts/verdict.js';
import { Why } from './parts/why.js';
import { Workers } from './parts/workers.js';
import { html, render } from './ui.js';

const Page = () => html`
  <${Header} />
  <main id="main" tabindex="-1">
    <${Verdict} />
    <${Stages} />
    <${Trend} />
    <div class="halves"><${Ranking} /><${Conversion} /></div>
    <${Listing} />
    <${Rejects} />
    <${Workers} />
  </main>
  <${Why} />
  <${SignIn} />
`;

const place = document.getElementById('page');
if (place) {
  place.replaceChildren();
  render(html`<${Page} />`, place);
}
followPipeline(() => pipelineName.value);
// what charts are drawn with comes while their numbers are asked for; who draws them says so where it does not
import('uplot').catch(() => undefined);
