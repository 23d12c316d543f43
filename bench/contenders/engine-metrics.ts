import storefront from '../../src/pipelines/storefront.ts';
import { observed } from './observed.ts';
import { work } from './work.ts';

/** ScaleStream: the storefront, with metrics. */
await work(storefront, observed());
