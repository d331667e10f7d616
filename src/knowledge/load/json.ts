import { AppError, reasonOf } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import type { Section } from "./section.ts";

/** A value whose lines are shorter is one section with all that is in it. */
const MAX_TEXT = 1000;
const MAX_DEPTH = 200;

/** Values as lines of names and values; a section for each that is not part of a larger short one. */
export function jsonSections(text: string): Section[] {
  return sectionsOf(parsed(text, ""), { line: 1, lastLine: text.trimEnd().split("\n").length });
}

/** The same for a text whose every line is a value. */
export function jsonLineSections(text: string): Section[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const at = { line: index + 1, lastLine: index + 1 };
    return sectionsOf(parsed(line, ` in line ${at.line}`), at);
  });
}

function parsed(text: string, where: string): Json {
  try {
    // What JSON.parse answers is JSON.
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new AppError("validation", `is not valid JSON${where}: ${reasonOf(error)}`);
  }
}

function sectionsOf(root: Json, at: { line: number; lastLine: number }): Section[] {
  const sections: Section[] = [];
  const add = (path: string, lines: readonly string[]) => {
    if (lines.length > 0) sections.push({ text: lines.join("\n"), ...at, place: { path } });
  };
  const rest = linesOf(root, { path: "$", depth: 0 }, add);
  if (rest !== undefined) add("$", rest);
  return sections;
}

interface Spot {
  path: string;
  depth: number;
}

/** The lines of a value, or nothing where they were too many and its parts are sections. */
function linesOf(
  value: Json,
  { path, depth }: Spot,
  add: (path: string, lines: readonly string[]) => void,
): string[] | undefined {
  if (depth > MAX_DEPTH)
    throw new AppError("validation", `is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value !== "object" || value === null) return value === null ? [] : [String(value)];
  const isList = Array.isArray(value);
  const parts = Object.entries(value).map(([key, child]) => {
    const below = isList ? `${path}[${key}]` : `${path}${step(key)}`;
    return { key, below, lines: linesOf(child, { path: below, depth: depth + 1 }, add), child };
  });
  const isWhole = parts.every(({ lines }) => lines !== undefined);
  if (isList && isWhole && parts.every(({ child }) => typeof child !== "object")) {
    const joined = parts.flatMap(({ lines = [] }) => lines).join(", ");
    if (joined.length <= MAX_TEXT) return joined === "" ? [] : [joined];
  }
  const named = parts.map(({ key, below, lines, child }) => {
    const isNamed = hasNames(child);
    const inside = lines?.map((line) => (isNamed ? `${key}.${line}` : `${key}: ${line}`));
    return { below, inside, alone: isNamed ? lines : inside };
  });
  const size = named.reduce((sum, { inside = [] }) => sum + inside.join("\n").length, 0);
  if (isWhole && size <= MAX_TEXT) return named.flatMap(({ inside = [] }) => inside);
  for (const { below, alone } of named) if (alone !== undefined) add(below, alone);
  return undefined;
}

/** Do the lines of a value begin with names of its own? */
const hasNames = (value: Json): boolean =>
  typeof value === "object" &&
  value !== null &&
  !(Array.isArray(value) && value.every((part) => typeof part !== "object"));

const step = (key: string): string =>
  /^[\p{L}_][\p{L}\p{N}_]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
