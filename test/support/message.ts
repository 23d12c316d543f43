import type { Message } from '../../src/custody.ts';

/** When test messages were sent: 2026-01-01T00:00:00Z. */
export const SENT_AT = Date.UTC(2026, 0, 1);

/** A message that remembers what became of it. */
export interface RecordedMessage extends Message {
  /** In order: `at <stage>`, `hold <stage>`, `weigh <bytes>`, `acknowledge`, `release`. */
  readonly story: string[];
}

let sent = 0;

/** A message as a queue would deliver it. Messages of one `id` are deliveries of one send. */
export function message(
  body: string,
  given: Partial<Pick<Message, 'id' | 'attributes' | 'sentAt' | 'source'>> = {},
): RecordedMessage {
  const story: string[] = [];
  sent += 1;
  return {
    id: `message-${sent}`,
    source: 'test',
    attributes: {},
    sentAt: SENT_AT,
    receiveCount: 1,
    ...given,
    body,
    story,
    custody: {
      acknowledge: () => void story.push('acknowledge'),
      release: () => void story.push('release'),
      at: (stage, held = false) => void story.push(`${held ? 'hold' : 'at'} ${stage}`),
      weigh: (bytes) => void story.push(`weigh ${bytes}`),
    },
  };
}
