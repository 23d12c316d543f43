import type { Pipeline } from '../../pipeline.ts';
import { quoteText } from './quote.ts';

/** What the statements that close windows have in common. */

export const watermarkOf = (pipeline: Pipeline): string =>
  `(select watermark from scalestream.watermarks where pipeline = ${quoteText(pipeline.name)})`;

/** Up to where windows are closed: by the watermark, or, where late events are diverted, by the frontier that flushes judge by. */
export function reached(pipeline: Pipeline): string {
  const { events } = pipeline;
  return events.late === 'divert'
    ? `(select frontier from scalestream.tables where name = ${quoteText(events.name)})`
    : `${watermarkOf(pipeline)} - interval '${events.lateness} milliseconds'`;
}

/** Holds the version: one that does not know what another declared would make windows final that never arrive there. */
export const fence = ({ name, version }: Pipeline): string => `"$fence" as materialized (
  select from scalestream.pipelines where name = ${quoteText(name)} and version = ${quoteText(version)} for share
)`;

/** Most of what one statement does. */
export const LIMIT = '$1::text::int';
/** How many of the first that are due it passes over. */
export const PASSED = '$2::text::int';
