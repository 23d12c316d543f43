/** The trace of a row as tracing writes it: 32 hexadecimal digits. It is stored as a `uuid`, which is as long. */
export const traceIdOf = (row: string): string => `replace(${row}.trace_id::text, '-', '')`;
