import { runSuites } from './run-suites.ts';
import { sessionMutations } from './session-mutations.ts';
import { workspace } from './workspace.ts';
const only = process.argv[2];
for (const mutation of sessionMutations.filter(({ name }) => !only || name.includes(only))) {
  const copy = workspace(mutation);
  const result = await runSuites(copy.folder, mutation.suites, 1);
  copy.remove();
  console.log(
    result.passed ? 'SURVIVED' : 'caught',
    mutation.name,
    `${result.seconds.toFixed(0)} s`,
    result.failed.map((name) => name.slice(0, 120)).join(' · '),
  );
}
