import { expect, test } from 'vitest';
import { openEnvelope } from '../../src/codecs/envelope.ts';

const EVENT = '{"id":"a","n":9007199254740993}';

/** As SNS delivers to a queue without raw delivery. */
const sns = (message: string, more: object = {}): string =>
  JSON.stringify(
    {
      Type: 'Notification',
      MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
      TopicArn: 'arn:aws:sns:us-west-2:123456789012:MyTopic',
      Message: message,
      Timestamp: '2012-05-02T00:54:06.655Z',
      SignatureVersion: '1',
      ...more,
    },
    null,
    2,
  );

const bridge = (detail: string): string =>
  `{"version":"0","id":"6a7e8feb","detail-type":"Order placed","source":"shop","account":"111122223333",` +
  `"time":"2017-12-22T18:43:48Z","region":"us-west-1","resources":[],"detail":${detail}}`;

test('the envelope of SNS holds the text of its message', () => {
  expect(openEnvelope(sns(EVENT))).toEqual({ text: EVENT });
});

test('the publisher of SNS says how the message is compressed', () => {
  const MessageAttributes = { 'content-encoding': { Type: 'String', Value: 'gzip' } };
  expect(openEnvelope(sns('H4sI', { MessageAttributes }))).toEqual({ text: 'H4sI', encoding: 'gzip' });
});

test.each([null, 'text', { 'content-encoding': null }, { 'content-encoding': { Value: 7 } }])(
  'attributes %j are no encoding',
  (MessageAttributes) => expect(openEnvelope(sns(EVENT, { MessageAttributes }))).toEqual({ text: EVENT }),
);

test('the envelope of EventBridge holds its detail, digit for digit', () => {
  expect(openEnvelope(bridge(EVENT))).toEqual({ text: EVENT });
  expect(openEnvelope(bridge(`\n  ${EVENT}  `))).toEqual({ text: EVENT });
});

test.each([
  ['an event', EVENT],
  ['an event that speaks of envelopes', '{"id":"\\"TopicArn\\" \\"Notification\\" \\"detail-type\\" \\"detail\\""}'],
  ['a subscription of SNS', sns(EVENT).replace('"Notification"', '"SubscriptionConfirmation"')],
  ['a message of SNS that is no text', sns(EVENT, { Message: { a: 'Notification' } })],
  ['an array of envelopes', `[${bridge(EVENT)}]`],
  ['a cut-off envelope', bridge(EVENT).slice(0, -1)],
  ['an event with a type and details of its own', '{"detail-type":1,"detail":{"a":1},"source":"x"}'],
  ['nothing', ''],
])('%s is in no envelope', (_, text) => expect(openEnvelope(text)).toBeUndefined());
