import { randomInt } from 'node:crypto';
import { messageOf } from '../errors.ts';
import { capture } from '../producer/capture.ts';
import type { Produced } from '../producer/produce.ts';
import { produce } from '../producer/produce.ts';
import { openQueue } from '../producer/queue.ts';
import type { SimulationCounts } from '../producer/simulate.ts';
import { simulate } from '../producer/simulate.ts';
import { toSqs } from '../producer/to-sqs.ts';
import type { Command } from './command.ts';
import { liveLine } from './live-line.ts';
import { onStop } from './on-stop.ts';
import type { ProduceSettings } from './produce-settings.ts';
import { produceSettings } from './produce-settings.ts';

const help = `Usage: scalestream produce --queue NAME_OR_URL (--simulate | --file FILE) [flags]

Sends events to an SQS queue. A queue that does not exist is created if its endpoint is on this machine.

  --queue NAME_OR_URL   or SCALESTREAM_QUEUE
  --simulate            events of a simulated shop
  --file FILE           events of a captured file: .ndjson, .csv, either with .gz; rows without an id get one
                        that is the same on every run, so that sending a file twice changes nothing
  --rate N              events a second; default: as fast as possible
  --events N            stop after N events; default: the whole file, or until Ctrl-C
  --pack N              events in a message; default: as many as fit 64 KB
  --compress KIND       none (default), gzip or zstd
  --endpoint URL        or AWS_ENDPOINT_URL_SQS, AWS_ENDPOINT_URL; default: AWS itself
  --region NAME         or AWS_REGION, AWS_DEFAULT_REGION
  --json                one JSON object as the last line of the output

With --simulate:
  --seed N              the same visitors on every run; with --start-at the same events, byte for byte
  --start-at TIME       event time of the first event (RFC 3339, UTC); default: now, as the clock goes
  --duplicates SHARE    part of the events that is sent twice, 0 to 1; default 0
  --bad SHARE           part of the events that breaks the schema, 0 to 1; default 0

Examples:
  scalestream produce --queue shop-events --simulate --rate 1000
  scalestream produce --queue shop-events --simulate --events 50000 --seed 7 --start-at 2026-11-22T00:00:00Z
  scalestream produce --queue ga4 --file events.csv.gz --pack 500 --compress gzip --json
`;

/** How many events that fit no message are named one by one. */
const NAMED = 5;

/** `scalestream produce`: sends simulated or captured events. Exit code 0; 1 when an event could not be sent. */
export const produceCommand: Command = {
  name: 'produce',
  summary: 'send simulated or captured events to a queue',
  help,
  async run(args, env, io) {
    const settings = produceSettings(args, env);
    if (!settings) {
      io.out(help);
      return 0;
    }
    const { events, counts, seed } = await eventsOf(settings);
    const { endpoint, region, credentials, compress, pack, rate } = settings;
    const queue = await openQueue(settings.queue, {
      ...(endpoint === undefined ? undefined : { endpoint }),
      ...(region === undefined ? undefined : { region }),
      ...(credentials === undefined ? undefined : { credentials }),
    });
    const sender = toSqs({ queue, compress, ...(pack === undefined ? undefined : { pack }) });
    const stop = onStop();
    const started = Date.now();
    const progress = liveLine(
      () => `sent ${inWords({ ...sender.stats(), seconds: (Date.now() - started) / 1_000 })}`,
      (line) => io.err(line),
    );
    let tooLarge = 0;
    try {
      const produced = await produce({
        events,
        sender,
        rate,
        signal: stop.signal,
        ...(settings.events === undefined ? undefined : { limit: settings.events }),
        onTooLarge: (error, ordinal) => {
          if (tooLarge++ < NAMED) io.err(`event ${ordinal + 1}: ${error.message}`);
        },
      });
      const { resent } = await sender.close();
      progress.end();
      report(io, settings, { ...produced, resent, tooLarge, ...(counts ? { ...counts(), seed } : undefined) });
      return tooLarge > 0 ? 1 : 0;
    } catch (error) {
      // What is under way may still be acknowledged: count after it has landed.
      await sender.close().catch(() => {});
      progress.end();
      io.err(`stopped after ${sender.stats().events} events: ${messageOf(error)}`);
      return 1;
    } finally {
      stop.dispose();
      queue.client.destroy();
    }
  },
};

async function eventsOf({ file, events, rate, seed = randomInt(2 ** 32), startAt, duplicates, bad }: ProduceSettings) {
  if (file !== undefined) return { events: await capture(file) };
  const traffic = simulate({
    seed,
    duplicates,
    bad,
    ...(events === undefined ? undefined : { events }),
    ...(rate > 0 ? { rate } : undefined),
    ...(startAt === undefined ? { now: Date.now } : { startAt }),
  });
  return { events: traffic.texts(), counts: (): SimulationCounts => traffic.counts, seed };
}

type Io = Parameters<Command['run']>[2];

const inWords = ({ events, messages, bytes, seconds }: Produced): string =>
  `${events} events in ${messages} messages, ${bytes} bytes, ${seconds.toFixed(1)} s, ` +
  `${Math.round(events / Math.max(seconds, 0.001))} events/s`;

function report(io: Io, { queue, json }: ProduceSettings, sent: Produced & Record<string, unknown>): void {
  io.out(`sent ${inWords(sent)} to queue '${queue}'`);
  if (json) io.out(JSON.stringify({ queue, ...sent }));
}
