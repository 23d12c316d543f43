import { randomInt } from 'node:crypto';
import { ConfigError } from '../errors.ts';
import { startLocal } from '../local/local-servers.ts';
import type { Command } from './command.ts';
import { countFlag, parseFlags, shareFlag } from './flags.ts';
import { connectionLines } from './local.ts';
import { onStop } from './on-stop.ts';
import { openTelemetry, telemetrySettings } from './open-telemetry.ts';
import { SERVER_FLAGS, serverSettings } from './server-settings.ts';
import { trade } from './trade.ts';
import { grouped } from './worker-progress.ts';

const RATE = 1_000;

const FLAGS = {
  events: { type: 'string' },
  rate: { type: 'string' },
  pack: { type: 'string' },
  seed: { type: 'string' },
  duplicates: { type: 'string' },
  bad: { type: 'string' },
  port: SERVER_FLAGS.port,
  keep: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const help = `Usage: npm start -- [flags]      (or: scalestream start [flags])

Everything on this machine: an embedded queue and database, simulated shop traffic, and the storefront pipeline, until Ctrl-C.
At the end it drains the queue and checks that windows = fold(raw).

  --events N            stop after N events; default: until Ctrl-C
  --rate N              events a second; default 1000
  --pack N              events in a message; default: as many as fit 64 KB
  --seed N              seed of the simulation; default: another each time
  --duplicates SHARE    part of the events that is sent twice, 0 to 1; default 0
  --bad SHARE           part of the events that breaks the schema, 0 to 1; default 0
  --port N              serve the windows over HTTP there; default 8080, or any that is free where that is taken
  --keep                keep the database for the next start with --keep
  --json                one JSON object as the last line of the output

Examples:
  npm start
  npm start -- --events 50000 --rate 20000 --json
  npm start -- --duplicates 0.05 --bad 0.001
`;

/** `npm start`. Exit code 0 only if every produced event is accounted for and the windows are the fold of the raw events. */
export const startCommand: Command = {
  name: 'start',
  summary: 'everything on this machine: queue, database, traffic, pipeline',
  help,
  async run(args, env, io) {
    const { values: flags } = parseFlags('start', args, FLAGS);
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const settings = {
      events: countFlag('--events', flags.events),
      rate: countFlag('--rate', flags.rate) ?? RATE,
      pack: countFlag('--pack', flags.pack),
      seed: countFlag('--seed', flags.seed) ?? randomInt(1, 2 ** 31),
      duplicates: shareFlag('--duplicates', flags.duplicates),
      bad: shareFlag('--bad', flags.bad),
    };
    const api = serverSettings(flags);
    const seen = telemetrySettings({}, env);
    if (settings.duplicates + settings.bad > 1) {
      throw new ConfigError({
        where: '--duplicates, --bad',
        expected: 'at most 1 together',
        got: String(settings.duplicates + settings.bad),
        fix: 'lower one',
      });
    }
    const telemetry = await openTelemetry(seen, true, io.err);
    const stop = onStop();
    const servers = await startLocal({ keep: flags.keep ?? false });
    try {
      for (const line of connectionLines(servers)) io.err(line);
      const result = await Promise.race([
        trade(servers, { settings, api, telemetry }, stop.signal, io.err),
        servers.ended,
      ]);
      if (typeof result === 'string') {
        io.err(`${result} Fix: start again; --keep keeps the database`);
        return 1;
      }
      const { produced, committed, duplicates, rejected, windows, verified, seconds, eventsPerSecond, exact } = result;
      io.err(
        `produced ${grouped(produced)} · committed ${grouped(committed)} · duplicates ${grouped(duplicates)} · rejects ${grouped(rejected)} · ` +
          `${grouped(windows)} windows ${verified ? '= fold(raw)' : 'DIFFER from fold(raw)'} · ${seconds.toFixed(1)} s · ${grouped(eventsPerSecond)} events/s`,
      );
      if (flags.json) io.out(JSON.stringify(result));
      return verified && exact ? 0 : 1;
    } finally {
      await Promise.all([servers.stop(), telemetry?.stop()]);
      stop.dispose();
    }
  },
};
