import storefront from '../../src/pipelines/storefront.ts';
import { observed } from './observed.ts';
import { work } from './work.ts';

/** ScaleStream: the storefront, with metrics, and traces to the collector that the environment names. */
await work(storefront, observed(process.env['BENCH_OTLP']));
