import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bench, BenchOptions, BenchResult } from './bench.ts';
import { type Run, runContender } from './contender.ts';
import { median } from './median.ts';
import { openStage } from './stage.ts';
import { trafficTexts } from './traffic.ts';

const CONTENDERS = [
  { file: 'engine', what: 'telemetry off' },
  { file: 'engine-metrics', what: 'metrics, scraped every 5 s' },
  { file: 'engine-traces', what: 'metrics + 10 traces/s of each kind' },
] as const;
const LOADS = [
  { events: 600_000, pack: 500 },
  { events: 60_000, pack: 1 },
] as const;
/** Of CPU, beside telemetry off. */
const MOST_PERCENT = 2;

/** What telemetry costs a worker: the same work without, with metrics, and with traces to a collector that takes all. */
export const telemetry: Bench = {
  name: 'telemetry',
  question:
    'what does telemetry cost a worker? (packed: 600,000 events, 500 to a message; alone: 60,000, one to a message)',
  async run(options) {
    const collector = await takingAll();
    process.env['BENCH_OTLP'] = collector.url;
    try {
      return summary(await inTurns(options));
    } finally {
      collector.close();
    }
  },
};

async function inTurns({ rounds, say, only }: BenchOptions): Promise<Map<string, Run[]>> {
  const contenders = CONTENDERS.filter(({ file }) => only?.includes(file) ?? true);
  const runs = new Map<string, Run[]>();
  const stage = await openStage();
  try {
    for (const { events, pack } of LOADS) {
      for (let round = 0; round < rounds; round++) {
        for (const { file, what } of turned(contenders, round)) {
          const scene = await stage.scene();
          const messages = await scene.fill(trafficTexts(events), pack);
          const run = await runContender(file, stage, scene, { events, messages });
          await scene.clear();
          const name = nameOf(what, pack);
          runs.set(name, [...(runs.get(name) ?? []), perEvent(run, events)]);
          say(`round ${round + 1}: ${name}: ${(run.cpuMicros / events).toFixed(2)} µs of CPU an event`);
        }
      }
    }
    return runs;
  } finally {
    await stage.stop();
  }
}

/** Each is first, second and last equally often: who follows whom makes a difference. */
const turned = <T>(all: readonly T[], round: number): readonly T[] => {
  const from = round % all.length;
  const order = [...all.slice(from), ...all.slice(0, from)];
  return Math.floor(round / all.length) % 2 === 0 ? order : order.toReversed();
};

const nameOf = (what: string, pack: number): string => `${pack === 1 ? 'alone' : 'packed'}: ${what}`;
const perEvent = (run: Run, events: number): Run => ({
  ...run,
  seconds: run.seconds / events,
  cpuMicros: run.cpuMicros / events,
});

/** The least of all rounds is compared: whatever else runs on the machine only ever adds. */
function summary(runs: ReadonlyMap<string, readonly Run[]>): BenchResult {
  const leastOf = (each: readonly Run[]): number => Math.min(...each.map(({ cpuMicros }) => cpuMicros));
  const found = [...runs].map(([what, each]) => {
    const base = runs.get(nameOf(CONTENDERS[0].what, what.startsWith('packed') ? 500 : 1)) ?? each;
    return {
      what,
      eventsPerSecond: Math.round(1 / median(each.map(({ seconds }) => seconds))),
      cpuMicros: Number(leastOf(each).toFixed(2)),
      medianCpuMicros: Number(median(each.map(({ cpuMicros }) => cpuMicros)).toFixed(2)),
      morePercent: Number(((leastOf(each) / leastOf(base) - 1) * 100).toFixed(1)),
      peakRssMb: Math.round(median(each.map(({ peakRssBytes }) => peakRssBytes)) / 2 ** 20),
    };
  });
  return {
    numbers: found,
    table: found.map(({ what, eventsPerSecond, cpuMicros, medianCpuMicros, morePercent, peakRssMb }) => ({
      what,
      'events/s': eventsPerSecond,
      'least CPU µs/event': cpuMicros,
      median: medianCpuMicros,
      'more CPU': `${morePercent} %`,
      'RSS MB': peakRssMb,
    })),
    missed: found
      .filter(({ morePercent }) => morePercent > MOST_PERCENT)
      .map(({ what, morePercent }) => `${what}: ${morePercent} % more CPU; at most ${MOST_PERCENT} %`),
  };
}

/** A collector that takes everything and keeps nothing. */
async function takingAll(): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
