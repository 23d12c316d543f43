/** A trace as tracing writes it: 32 hexadecimal digits. It is stored as a `uuid`, which is as long. */
export const TRACE_ID = `replace(trace_id::text, '-', '')`;
