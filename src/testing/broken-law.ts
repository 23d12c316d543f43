import { ConfigError } from '../errors.ts';

/** The error for a law that a measure breaks. */
export const brokenLaw = (where: string, law: string, counterexample: string, fix: string): ConfigError =>
  new ConfigError({ where, expected: law, got: counterexample, fix });
