/** A UUID of version 8 (RFC 9562, section 5.8): 122 bits of a digest, given as 32 hexadecimal digits or more. */
export function uuidV8(hex: string): string {
  const variant = (8 | (Number.parseInt(hex.charAt(16), 16) & 3)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
