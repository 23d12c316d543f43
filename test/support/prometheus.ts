import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { program } from './e2e-command.ts';

const isInstalled = spawnSync('promtool', ['--version']).status === 0;
if (!isInstalled) console.warn('prometheus is not installed: what needs it is skipped. apt-get install prometheus');

/** A test that needs `prometheus` and `promtool`, which Debian's package `prometheus` has; skipped where they are not installed. */
export const prometheusTest = test.skipIf(!isInstalled);

/** What promtool says; the text goes to its input. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

/** A folder with files, gone when the test is over. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'scalestream-prometheus-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** One series of an answer: its labels, and its last value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus at work. */
export interface Prometheus {
  /** Asks for now. A query that is wrong is an error. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Alerts that it has found, pending or firing. */
  alerts(): Promise<
    readonly {
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
      readonly state: string;
    }[]
  >;
  /** What it could not scrape, and why. */
  troubles(): Promise<readonly string[]>;
}

/** Starts one that scrapes `targets` each second, as the job of `deploy/prometheus.yaml`; ended with the test. */
export async function prometheus(targets: readonly string[], rules = 'groups: []\n'): Promise<Prometheus> {
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [{ job_name: 'scalestream', static_configs: [{ targets }] }],
  };
  const folder = folderOf({ 'prometheus.json': JSON.stringify(config), 'rules.yaml': rules });
  const port = await freePort();
  const server = program('prometheus', [
    `--config.file=${join(folder, 'prometheus.json')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  await server.said(/Server is ready to receive web requests/);
  const api = async <T>(path: string): Promise<T> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { data, error } = (await answer.json()) as { data: T; error?: string };
    if (error !== undefined) throw new Error(`${decodeURIComponent(path)}: ${error}`);
    return data;
  };
  return {
    async query(expr) {
      const { result } = await api<{ result: { metric: Sample['metric']; value: [number, string] }[] }>(
        `query?query=${encodeURIComponent(expr)}`,
      );
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    alerts: async () => (await api<{ alerts: [] }>('alerts')).alerts,
    async troubles() {
      const { activeTargets } = await api<{ activeTargets: { lastError: string }[] }>('targets');
      return activeTargets.map(({ lastError }) => lastError).filter((error) => error !== '');
    },
  };
}

/** A port of this machine that nobody has. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
