import { expect, test } from 'vitest';
import { mark } from '../src/batch.ts';
import { message } from './support/message.ts';

test('marking says of each message where it is, and whether it is held there on purpose', () => {
  const messages = [message('a'), message('b')];
  mark(messages, 'gather', true);
  mark(messages, 'committed');
  for (const { story } of messages) expect(story).toEqual(['hold gather', 'at committed']);
});
