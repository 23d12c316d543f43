import type { Fault, SqsProxy } from './sqs-proxy.ts';

type Delivered = Record<string, unknown>;

/**
 * Makes proxies of one queue deliver each message three times, to any of their workers: what one has received is handed out twice more while
 * the first delivery may still be in work. Two of three receives are answered with such repeats, as long as there are some.
 *
 * @returns how many deliveries were repeats so far.
 */
export function redeliver(proxies: readonly SqsProxy[]): () => number {
  const again: Delivered[] = [];
  let repeats = 0;
  const record: Fault = {
    kind: 'alter',
    change(answer) {
      const messages = (answer['Messages'] ?? []) as Delivered[];
      again.push(...messages, ...messages);
      return answer;
    },
  };
  const repeat: Fault = {
    kind: 'reply',
    body(input) {
      const Messages = again.splice(0, Number(input['MaxNumberOfMessages'] ?? 1));
      repeats += Messages.length;
      return { Messages };
    },
  };
  for (const proxy of proxies) {
    proxy.fault('ReceiveMessage', () => true, record);
    proxy.fault('ReceiveMessage', ({ nth }) => nth % 3 !== 0 && again.length > 0, repeat);
  }
  return () => repeats;
}
