import { memberOf } from './split-json.ts';

/** What an SNS or EventBridge envelope holds. */
export interface Enclosed {
  readonly text: string;
  /** The publisher's `content-encoding` attribute; SNS only. */
  readonly encoding?: string;
}

const OPENS_ARRAY = /^\s*\[/;

/**
 * Opens the envelope that SNS (without raw delivery) or EventBridge puts around an event; `undefined` when there is none.
 * SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html; EventBridge: `aws-events` event structure.
 */
export function openEnvelope(text: string): Enclosed | undefined {
  // An envelope is an object. A pack of events is none, and four searches through all of it are dear.
  if (OPENS_ARRAY.test(text)) return undefined;
  const sns = text.includes('"TopicArn"') && text.includes('"Notification"');
  const bridge = text.includes('"detail-type"') && text.includes('"detail"');
  if (!sns && !bridge) return undefined;
  const outer = parseObject(text);
  if (
    sns &&
    outer?.['Type'] === 'Notification' &&
    typeof outer['TopicArn'] === 'string' &&
    typeof outer['Message'] === 'string'
  ) {
    const attributes = outer['MessageAttributes'] as Record<string, { Value?: unknown }> | undefined;
    const encoding = attributes?.['content-encoding']?.Value;
    return { text: outer['Message'], ...(typeof encoding === 'string' ? { encoding } : {}) };
  }
  if (bridge && typeof outer?.['detail-type'] === 'string' && typeof outer['source'] === 'string') {
    const detail = memberOf(text, 'detail');
    return detail === undefined ? undefined : { text: detail };
  }
  return undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
