/** Whether a request says by `if-none-match` that it has what this tag names. */
export const isKnown = (header: string | undefined, etag: string): boolean =>
  header !== undefined &&
  (header === '*' || header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag));
