import { parseArgs } from 'node:util';

/** A condition turned round on the harness's side, to show that the run then fails. */
export const SABOTAGES = ['phantom', 'delete-first', 'drop-one', 'double-count'] as const;
export type Sabotage = (typeof SABOTAGES)[number];

/** What a run is told. It goes on until every goal is reached. */
export interface Settings {
  readonly seed: number;
  /** Goals: a run ends when all of them are reached. */
  readonly minutes: number;
  readonly events: number;
  readonly kills: number;
  readonly restarts: number;
  readonly lostAnswers: number;
  /** Whether the real events take part, where they are. */
  readonly realData: boolean;
  /** Workers of the storefront; the real events have one of their own. */
  readonly workers: number;
  readonly json: string | undefined;
  /** Event time of the first simulated event, milliseconds since 1970. */
  readonly startAt: number;
  readonly sabotage: Sabotage | undefined;
  /** A run that goes on for longer than this is a hang. */
  readonly deadlineMinutes: number;
}

export const USAGE = `Usage: npm run chaos -- [--minutes N] [--seed S] [--events N] [--kills N] [--restarts N] [--lost-answers N] [--json FILE]

Real workers on a real Postgres and an SQS server, faults at random; afterwards the tables must equal the input.
The run ends when all goals (minutes, distinct events, kill -9, crash restarts of Postgres, commits whose answer was lost) are reached.
Without a goal it takes two minutes.

  --seed S            same seed, same input (per day of --start-at) and same sequence of faults; default: drawn
  --workers N         workers of the storefront; default 3
  --no-real-data      without the real events, where they are
  --start-at TIME     event time of the first simulated event; default: a minute before today, UTC
  --deadline N        minutes after which the run counts as hanging; default: twice the minutes, plus 60
  --json FILE         the report as JSON
  --sabotage KIND     ${SABOTAGES.join(', ')}: the run must fail
`;

const MINUTE_MS = 60_000;

/** Reads the command line. @throws Error when it cannot work. */
export function settingsOf(args: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      minutes: { type: 'string' },
      events: { type: 'string' },
      kills: { type: 'string' },
      restarts: { type: 'string' },
      'lost-answers': { type: 'string' },
      workers: { type: 'string' },
      'start-at': { type: 'string' },
      deadline: { type: 'string' },
      json: { type: 'string' },
      'no-real-data': { type: 'boolean' },
      sabotage: { type: 'string' },
    },
  });
  const number = (
    name: Exclude<keyof typeof values, 'json' | 'sabotage' | 'start-at' | 'no-real-data'>,
    otherwise: number,
  ): number => {
    const text = values[name];
    const value = text === undefined ? otherwise : Number(text || Number.NaN);
    if (!(value >= 0)) throw new Error(`--${name}: expected a number, got ${JSON.stringify(text)}`);
    return value;
  };
  const goals = {
    events: number('events', 0),
    kills: number('kills', 0),
    restarts: number('restarts', 0),
    lostAnswers: number('lost-answers', 0),
  };
  const minutes = number('minutes', Object.values(goals).some((goal) => goal > 0) ? 0 : 2);
  const sabotage = SABOTAGES.find((kind) => kind === values.sabotage);
  if (values.sabotage !== undefined && !sabotage) throw new Error(`--sabotage: expected ${SABOTAGES.join(', ')}`);
  const startAt = values['start-at'] === undefined ? aMinuteBeforeToday() : Date.parse(values['start-at']);
  if (Number.isNaN(startAt)) throw new Error('--start-at: expected a time such as 2026-11-22T00:00:00Z');
  return {
    ...goals,
    minutes,
    seed: number('seed', Date.now() % 2 ** 32),
    workers: Math.max(1, number('workers', 3)),
    realData: !values['no-real-data'],
    json: values.json,
    startAt,
    sabotage,
    deadlineMinutes: number('deadline', minutes * 2 + 60),
  };
}

/** So that events cross midnight, and workers make partitions under fault. */
const aMinuteBeforeToday = (): number => new Date().setUTCHours(0, 0, 0, 0) - MINUTE_MS;
