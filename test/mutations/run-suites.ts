import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What became of some test files. */
export interface SuiteResult {
  readonly passed: boolean;
  /** Names of failed tests; of a file, or a reason, where there was no test to name. */
  readonly failed: readonly string[];
  readonly tests: number;
  readonly seconds: number;
}

interface Report {
  readonly success: boolean;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** A spoilt engine may hang beyond the time limits of its tests; the clean one runs every suite. */
const LIMIT_MS = { spoilt: 120_000, clean: 900_000 };

/**
 * Runs test files in a folder with vitest, in a process group of its own, which is ended after a time limit.
 *
 * @param bail ends after so many failures; 0 runs everything.
 */
export async function runSuites(folder: string, suites: readonly string[], bail: number): Promise<SuiteResult> {
  const report = join(folder, 'report.json');
  const started = performance.now();
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs');
  const flags = ['--typecheck.enabled=false', '--reporter=json', `--outputFile=${report}`, `--bail=${bail}`];
  const child = spawn(process.execPath, [vitest, 'run', ...flags, ...suites.map((suite) => `test/${suite}`)], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err = (err + text).slice(-2_000)));
  let late = false;
  const timer = setTimeout(
    () => {
      late = true;
      process.kill(-(child.pid ?? 0), 'SIGKILL');
    },
    bail === 0 ? LIMIT_MS.clean : LIMIT_MS.spoilt,
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  clearTimeout(timer);
  const seconds = (performance.now() - started) / 1_000;
  if (late) return { passed: false, failed: ['(hung)'], tests: 0, seconds };
  if (!existsSync(report))
    return { passed: false, failed: [`(no report, exit code ${code}) ${err}`], tests: 0, seconds };
  const { success, numTotalTests, testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  return { passed: success && code === 0, failed: failedOf(testResults), tests: numTotalTests, seconds };
}

function failedOf(results: Report['testResults']): string[] {
  return results
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message, assertionResults }) => {
      const titles = assertionResults.filter(({ status }) => status === 'failed').map(({ title }) => title);
      return titles.length > 0 ? titles : [`(${name.split('/test/').at(-1)}) ${message.split('\n')[0] ?? ''}`];
    });
}
