import { ConfigError } from "../../core/errors.ts";

/** Where the value of a top-level key stands in a JSON text. */
interface Span {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The text of a JSON object with one top-level key set, everything else left as it was written:
 * order, indentation, line ends. Throws ConfigError where the text is no object.
 */
export function withKey(text: string, key: string, value: unknown): string {
  const members = membersOf(text);
  const indent = /\n([ \t]+)"/.exec(text)?.[1] ?? "";
  const newline = text.includes("\r\n") ? "\r\n" : "\n";
  const isOneLine = !text.trim().includes("\n");
  const written = isOneLine
    ? JSON.stringify(value)
    : JSON.stringify(value, null, indent || 2).replaceAll("\n", `${newline}${indent}`);
  const known = members.findLast((member) => member.key === key);
  if (known) return text.slice(0, known.start) + written + text.slice(known.end);
  const last = members.at(-1);
  const at = last?.end ?? text.indexOf("{") + 1;
  const gap = isOneLine ? (last ? " " : "") : `${newline}${indent}`;
  const member = `${last ? "," : ""}${gap}${JSON.stringify(key)}: ${written}`;
  return text.slice(0, at) + member + text.slice(at);
}

/** The members of the object that a valid JSON text is. */
function membersOf(text: string): Span[] {
  const spans: Span[] = [];
  let at = skipSpace(text, 0);
  if (text[at] !== "{") throw new ConfigError("expected a JSON object");
  at = skipSpace(text, at + 1);
  while (text[at] === '"') {
    const keyEnd = endOfValue(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = endOfValue(text, start);
    spans.push({ key: String(key), start, end });
    at = skipSpace(text, end);
    if (text[at] !== ",") break;
    at = skipSpace(text, at + 1);
  }
  return spans;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /[\s\uFEFF]/.test(text[at] ?? "")) at++;
  return at;
}

/** The position behind the value that begins here. */
function endOfValue(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const sign = text[at] ?? "";
    if (sign === '"') at = endOfString(text, at);
    else if (depth === 0 && /[\s,}\]]/.test(sign)) return at;
    else {
      if (sign === "{" || sign === "[") depth++;
      if (sign === "}" || sign === "]") depth--;
      at++;
    }
    if (depth === 0 && /["}\]]/.test(text[at - 1] ?? "")) return at;
  }
  return at;
}

function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
}
