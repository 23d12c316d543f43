/** The order of texts byte by byte, as the collation "C" has it. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
