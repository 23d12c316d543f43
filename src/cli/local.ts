import { type LocalServers, startLocal } from '../local/local-servers.ts';
import type { Command } from './command.ts';
import { parseFlags } from './flags.ts';
import { onStop } from './on-stop.ts';

const help = `Usage: scalestream local [--keep] [--json]

Starts an embedded SQS queue server and a real Postgres on this machine, prints where they are, and stays until it is stopped.

  --keep                keep the database for the next 'local --keep'; otherwise it is fresh at each start
  --json                one line: {databaseUrl, sqsEndpoint, region, accessKeyId, secretAccessKey}

Examples:
  scalestream local
  scalestream local --json --keep
`;

/** `scalestream local`. Exit code 0 when it is stopped, 1 when a server ends by itself. */
export const localCommand: Command = {
  name: 'local',
  summary: 'start an embedded queue and database, and stay',
  help,
  async run(args, _env, io) {
    const { values: flags } = parseFlags('local', args, {
      keep: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    });
    if (flags.help) {
      io.out(help);
      return 0;
    }
    const stop = onStop();
    const servers = await startLocal({ keep: flags.keep ?? false });
    try {
      if (flags.json) io.out(jsonOf(servers));
      else for (const line of connectionLines(servers)) io.out(line);
      const why = await Promise.race([stop.asked(), servers.ended]);
      if (why) io.err(why);
      return why ? 1 : 0;
    } finally {
      await servers.stop();
      stop.dispose();
    }
  },
};

function jsonOf({ databaseUrl, sqsEndpoint, region, accessKeyId, secretAccessKey }: LocalServers): string {
  return JSON.stringify({ databaseUrl, sqsEndpoint, region, accessKeyId, secretAccessKey });
}

/** How to look at the servers, as commands to paste. */
export function connectionLines({
  databaseUrl,
  sqsEndpoint,
  region,
  accessKeyId,
  secretAccessKey,
}: LocalServers): string[] {
  const keys = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey} AWS_REGION=${region}`;
  return [
    'database:',
    `  psql ${databaseUrl}`,
    'queue:',
    `  ${keys} aws --endpoint-url ${sqsEndpoint} sqs list-queues`,
    'for scalestream:',
    `  export DATABASE_URL=${databaseUrl} AWS_ENDPOINT_URL_SQS=${sqsEndpoint} ${keys}`,
  ];
}
