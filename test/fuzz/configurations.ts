import { z } from 'zod';
import {
  backoff,
  ConfigError,
  count,
  epochSeconds,
  eventTable,
  gather,
  json,
  max,
  memoryQueue,
  pipeline,
  simulate,
  sum,
  tumbling,
  windowTable,
} from '../../src/index.ts';
import { countFlag, durationFlag, parseFlags, shareFlag } from '../../src/cli/flags.ts';
import { loadPipeline } from '../../src/cli/load-pipeline.ts';
import { produceSettings } from '../../src/cli/produce-settings.ts';
import { DATABASE_FLAGS, databaseUrl, QUEUE_FLAGS, queueSettings } from '../../src/cli/settings.ts';
import { targetOf } from '../../src/sinks/postgres/target.ts';
import type { Dice } from './dice.ts';
import { ENVIRONMENT, NUMBERS, PRODUCE, STRANGE, TEXTS, URLS } from './strange-settings.ts';

// oxlint-disable-next-line typescript/no-explicit-any
type Whatever = any;

const Order = z.object({ id: z.string(), at: z.string(), product: z.string(), cents: z.int() });
const FLAGS = { ...QUEUE_FLAGS, ...DATABASE_FLAGS, rate: { type: 'string' }, json: { type: 'boolean' } } as const;
/** One configuration: what it calls, and with what, as it can be printed. */
interface Configuration {
  readonly said: string;
  readonly call: () => unknown;
}

/**
 * Makes up one declaration, flag or variable and says what is wrong with how it was taken: it must work or be refused with a ConfigError that
 * says what was expected, what came, and a fix.
 */
export async function configuration(dice: Dice): Promise<string | undefined> {
  const { said, call } = made(dice);
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof ConfigError && /: expected .+; got .*\. Fix: .+/s.test(error.message)) return undefined;
    return `${said} threw ${String((error as Error | undefined)?.stack ?? error).slice(0, 300)}`;
  }
}

function made(dice: Dice): Configuration {
  const text = (): string =>
    dice.chance(85)
      ? dice.pick(TEXTS)
      : String.fromCharCode(...Array.from({ length: dice.below(6) }, () => dice.below(0x3000)));
  const number = (): Whatever => (dice.chance(80) ? dice.pick(NUMBERS) : dice.float() * 10 ** dice.below(18));
  const maybe = (usual: unknown): Whatever => (dice.chance(25) ? dice.pick(STRANGE) : usual);
  const url = (): string => (dice.chance(70) ? dice.pick(URLS) : text());
  const columns = () =>
    Object.fromEntries(Array.from({ length: dice.below(3) }, () => [text(), maybe((e: Whatever) => e.x)]));
  const options = (): Whatever => ({
    schema: maybe(Order),
    id: maybe((e: Whatever) => e.id),
    time: maybe((e: Whatever) => epochSeconds(e.at)),
    keep: maybe(dice.chance(50) ? text() : { ids: text() }),
    columns: maybe(columns()),
    ...(dice.chance(30) ? { maxFuture: maybe(text()) } : {}),
  });
  const good = eventTable('orders', { schema: Order, id: (e) => e.id, time: (e) => e.at, keep: '90d' });
  const shown = (...parts: unknown[]): string =>
    parts.map((part) => (typeof part === 'function' ? 'a function' : JSON.stringify(part))).join(' ');
  const flags = (names: readonly string[]): string[] =>
    Array.from({ length: dice.below(6) }, () =>
      dice.chance(50) ? dice.pick(names) : dice.chance(30) ? url() : text(),
    );
  const env = (): NodeJS.ProcessEnv =>
    Object.fromEntries(
      ENVIRONMENT.filter(() => dice.chance(40)).map((name) => [name, dice.chance(60) ? url() : text()]),
    );

  const kinds: readonly (() => Configuration)[] = [
    () => {
      const [name, given] = [maybe(text()), options()];
      return { said: shown('eventTable', name, given), call: () => json(eventTable(name, given)) };
    },
    () => {
      const [name, window, key, measures] = [
        maybe(text()),
        text(),
        columns(),
        { [text()]: maybe(count()), [text()]: maybe(sum(() => 1)), [text()]: max(() => 1) },
      ];
      return {
        said: shown('windowTable', name, window, key, measures),
        call: () =>
          windowTable(name, good, {
            window: maybe(tumbling(window as '1m')),
            key: maybe(key),
            measures: maybe(measures),
          }),
      };
    },
    () => {
      const name = maybe(text());
      return {
        said: shown('pipeline', name),
        call: () =>
          pipeline(
            name,
            maybe(dice.pick([[good], [], [good, good]])),
            maybe(() => undefined),
          ),
      };
    },
    () => {
      const [events, within] = [number(), text()];
      return { said: shown('gather', events, within), call: () => gather({ events, within: within as '1s' }) };
    },
    () => {
      const given: Whatever = {
        visibilityTimeout: text(),
        maxMessages: number(),
        maxBytes: number(),
        maxPollers: number(),
        waitSeconds: number(),
      };
      return {
        said: shown('memoryQueue', given),
        call: () => memoryQueue([], Object.fromEntries(Object.entries(given).filter(() => dice.chance(50)))),
      };
    },
    () => {
      const given = {
        seed: number(),
        rate: number(),
        startAt: number(),
        duplicates: number(),
        bad: number(),
        products: number(),
        users: number(),
        events: 3,
      };
      return { said: shown('simulate', given), call: () => simulate(given) };
    },
    () => {
      const given = text();
      const read = dice.pick([countFlag, durationFlag, shareFlag]);
      return { said: shown(read.name, given), call: () => read('--flag', given) };
    },
    () => {
      const [first, cap, attempts] = [text(), text(), number()];
      return {
        said: shown('backoff', first, cap, attempts),
        call: () => backoff({ first: first as '1s', cap: cap as '1s', attempts }).delay(1),
      };
    },
    () => {
      const given = url();
      return { said: shown('targetOf', given), call: () => targetOf(given) };
    },
    () => {
      const [args, given] = [flags(Object.keys(FLAGS).map((name) => `--${name}`)), env()];
      return {
        said: shown('run', args, given),
        call: () => {
          const { values } = parseFlags('run', args, FLAGS);
          queueSettings(values, given);
          databaseUrl(values.database, given);
        },
      };
    },
    () => {
      const [args, given] = [flags(PRODUCE), env()];
      return { said: shown('produce', args, given), call: () => produceSettings(args, given) };
    },
    () => {
      const file = dice.pick(['', '.', './nope.ts', '/', 'test', 'package.json', 'README.md']);
      return { said: shown('loadPipeline', file), call: () => loadPipeline(file) };
    },
  ];
  return dice.pick(kinds)();
}
