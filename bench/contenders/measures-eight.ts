import { PIPELINES } from '../measures/measured.ts';
import { work } from './work.ts';

await work(PIPELINES['measures-eight']);
