/** Microseconds since 1970 as a timestamptz, exactly: a double holds them until 2255. */
export const instant = (micros: string): string => `timestamptz 'epoch' + (${micros}) * interval '1 microsecond'`;

/** An interval of so many microseconds. */
export const interval = (micros: number): string => `interval '${micros} microseconds'`;
