import storefront from '../../src/pipelines/storefront.ts';
import { work } from './work.ts';

/** ScaleStream: the storefront. */
await work(storefront);
