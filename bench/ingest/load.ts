import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { trafficTexts } from '../traffic.ts';
import type { Load, LoadTask } from './task.ts';

/** Bodies are made beforehand and sent in turn: what is measured is not their making. */
const BODIES = 200;

/** Sends requests, as many at a time as there are connections, each as soon as the one before it is answered: a process of its own. */
const [task] = (await once(process, 'message')) as [LoadTask];
const { url, requests, events, connections } = task;
const texts = [...trafficTexts(BODIES * events)];
const bodies = Array.from({ length: BODIES }, (_, i) =>
  Buffer.from(`[${texts.slice(i * events, (i + 1) * events).join(',')}]`),
);
const agent = new Agent({ keepAlive: true, maxSockets: connections });
const took: number[] = [];

function send(body: Buffer): Promise<void> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const sent = request(`${url}/v1/events/storefront`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        took.push(performance.now() - began);
        if (response.statusCode === 202) resolve();
        else reject(new Error(`expected 202; got ${response.statusCode}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function all(count: number): Promise<void> {
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) await send(bodies[begun++ % BODIES] as Buffer);
  };
  await Promise.all(Array.from({ length: connections }, worker));
}

// V8 has compiled what there is to compile
await all(Math.ceil(requests / 10));
took.length = 0;
process.send?.('warm');
await once(process, 'message');
const began = performance.now();
await all(requests);
const seconds = (performance.now() - began) / 1_000;
took.sort((a, b) => a - b);
const at = (share: number): number => took[Math.floor(took.length * share)] ?? Number.NaN;
process.send?.({ seconds, p50: at(0.5), p99: at(0.99) } satisfies Load);
agent.destroy();
process.disconnect?.();
