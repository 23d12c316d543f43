import type { Pipeline } from '../../pipeline.ts';
import type { Schema } from '../parameters.ts';
import { eventSchema } from './event-schema.ts';
import { MEDIA_TYPES } from './media.ts';

const INTEGER: Schema = { type: 'integer' };
const TEXT: Schema = { type: 'string' };

const ANSWER: Schema = {
  type: 'object',
  required: ['accepted', 'rejected', 'problems', 'given'],
  properties: {
    accepted: { ...INTEGER, description: 'events that the queue has' },
    rejected: INTEGER,
    problems: {
      type: 'array',
      description: 'why the others were not accepted, in order; detail is there for the first hundred',
      items: {
        type: 'object',
        required: ['index', 'reason'],
        properties: { index: INTEGER, line: INTEGER, reason: TEXT, detail: TEXT },
      },
    },
    given: {
      type: 'array',
      description: 'ids of events that came without one',
      items: { type: 'object', required: ['index', 'id'], properties: { index: INTEGER, id: TEXT } },
    },
  },
};

/** The path by which events of a pipeline come in, as the document of the API has it. */
export function ingestPath({ name, events }: Pipeline): Record<string, unknown> {
  const event = eventSchema(events);
  const schemas = { json: { oneOf: [event, { type: 'array', minItems: 1, items: event }] }, lines: TEXT };
  const answered = (description: string) => ({ description, content: { 'application/json': { schema: ANSWER } } });
  return {
    [`/v1/events/${name}`]: {
      post: {
        summary: `events of '${name}', into its queue`,
        parameters: [
          {
            name: 'idempotency-key',
            in: 'header',
            description: 'names the request: ids that it gives are the same when it comes again',
            schema: { ...TEXT, minLength: 1, maxLength: 255 },
          },
          {
            name: 'content-encoding',
            in: 'header',
            schema: { ...TEXT, enum: ['identity', 'gzip', 'zstd'], default: 'identity' },
          },
        ],
        requestBody: {
          required: true,
          content: Object.fromEntries(
            Object.entries(MEDIA_TYPES).map(([type, kind]) => [type, { schema: schemas[kind] }]),
          ),
        },
        responses: {
          202: answered('the queue has all of them'),
          207: answered('the queue has some of them; the others are in problems'),
          default: { $ref: '#/components/responses/Problem' },
        },
      },
    },
  };
}
