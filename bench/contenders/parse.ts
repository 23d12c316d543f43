import { bodyOf, pack } from '../../src/producer/pack.ts';
import { trafficTexts } from '../traffic.ts';
import { contend } from './contend.ts';

/** The bare parser: `JSON.parse` of the same bodies, one after the other, and nothing else. */
await contend(async ({ events, messages }) => {
  const bodies: string[] = [];
  const packer = pack({ events: Math.ceil(events / messages), bytes: 2 ** 20 }, (packed) =>
    bodies.push(bodyOf(packed)),
  );
  for (const text of trafficTexts(events)) packer.add(text);
  packer.flush();
  return {
    async run() {
      let parsed = 0;
      for (const body of bodies) {
        const value = JSON.parse(body) as unknown[] | object;
        parsed += Array.isArray(value) ? value.length : 1;
      }
      if (parsed !== events) throw new Error(`expected ${events} events; parsed ${parsed}`);
    },
    close: async () => undefined,
  };
});
