import { ALERTS, anchorOf } from './alerts.ts';

/** Prometheus's rule file. Texts are JSON's, which YAML reads as they are. */
export function rulesYaml(): string {
  const rules = ALERTS.map(
    (alert) => `      - alert: ${alert.name}
        expr: ${JSON.stringify(alert.expr)}
        for: ${alert.for}
        labels:
          severity: ${alert.severity}
        annotations:
          summary: ${JSON.stringify(alert.summary)}
          runbook_url: docs/RUNBOOK.md#${anchorOf(alert)}
`,
  );
  return `# Generated from src/telemetry/alerts.ts by npm run generate.
groups:
  - name: scalestream
    rules:
${rules.join('')}`;
}
