import { ConfigError, messageOf } from '../errors.ts';
import type { SinkDefaults } from '../final-sink.ts';
import type { Pipeline } from '../pipeline.ts';
import { isSinkBranch } from '../when-final.ts';

/**
 * Connects once to whatever a pipeline delivers final windows to, so that what cannot work is found before anything starts.
 *
 * @throws ConfigError for the first that does not exist, refuses or cannot be reached.
 */
export async function checkSinks({ finals }: Pipeline, defaults: SinkDefaults = {}): Promise<void> {
  for (const { name, to } of finals.filter(isSinkBranch)) {
    try {
      (await to.open(defaults)).close();
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      // what AWS says of a wrong signature goes on with the session's token
      const [said = ''] = messageOf(error).split('\n', 1);
      const [got = '', fix = 'is it there, and may this machine reach it?'] = said.split('. Fix: ');
      const where = `whenFinal '${name}', ${to.name}`;
      throw new ConfigError({ where, expected: 'an answer', got, fix }, { cause: error });
    }
  }
}
