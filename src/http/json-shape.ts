import { AppError } from "../core/errors.ts";

/** Deepest nesting a client may send; the checkpoint serializer works by recursion. */
export const MAX_DEPTH = 64;
/** Most values one body may have: to parse more would hold up all others. */
const MAX_VALUES = 250_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Refuses JSON text that is too deep or has too many values, before it is parsed. */
export function checkShape(bytes: Uint8Array): void {
  // Shorter than that it cannot be either.
  if (bytes.length <= MAX_DEPTH) return;
  let depth = 0;
  let commas = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === COMMA) commas += 1;
    else if (OPENING.has(byte)) depth += 1;
    else if (CLOSING.has(byte)) depth -= 1;
    if (depth > MAX_DEPTH)
      throw new AppError("validation", `The body is nested deeper than ${MAX_DEPTH} levels`);
    if (commas > MAX_VALUES)
      throw new AppError("payload_too_large", `The body has more than ${MAX_VALUES} values`);
  }
}

/** Where the string ends that begins here; the end of the text when it does not. */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let quote = bytes.indexOf(QUOTE, start + 1); quote >= 0;) {
    let before = quote - 1;
    while (bytes[before] === BACKSLASH) before -= 1;
    // An odd number of backslashes escapes the quote.
    if ((quote - before) % 2 === 1) return quote;
    quote = bytes.indexOf(QUOTE, quote + 1);
  }
  return bytes.length;
}
