import { count, pipeline, tumbling, windowTable } from '../../src/index.ts';
import storefront from '../../src/pipelines/storefront.ts';

const hours = windowTable('shop_hours', storefront.events, {
  window: tumbling('1h'),
  key: {},
  measures: { events: count() },
});

/** The storefront as an earlier deployment had it: of another version, since it declares one table more. */
export default pipeline('storefront', [storefront.events, ...storefront.windows, hours], ({ messages, store }) =>
  storefront.graph({ messages, store }),
);
