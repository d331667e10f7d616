import type { Section } from "./section.ts";

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const ATX = /^ {0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$/;
const UNDERLINE = /^ {0,3}(=+|-{2,})\s*$/;

interface Heading {
  level: number;
  text: string;
}

/** The text of one heading, from its line to the next heading, with the headings above it. */
export function markdownSections(text: string): Section[] {
  const sections: Section[] = [];
  const lines = text.split("\n");
  let path: Heading[] = [];
  let first = 0;
  const close = (end: number) => {
    const body = lines.slice(first, end).join("\n");
    const heading = path.map((one) => one.text).join(" > ");
    if (body.trim() !== "")
      sections.push({ text: body, line: first + 1, place: heading === "" ? {} : { heading } });
    first = end;
  };
  for (const { level, text: title, line } of headingsOf(lines)) {
    close(line);
    path = [...path.filter((one) => one.level < level), { level, text: title }];
  }
  close(lines.length);
  return sections;
}

/** Headings outside of fenced code, by the line each begins at, from 0. */
function* headingsOf(lines: readonly string[]): Generator<Heading & { line: number }> {
  let fence: string | undefined;
  for (const [line, content] of lines.entries()) {
    const [, mark] = FENCE.exec(content) ?? [];
    if (fence !== undefined) {
      if (mark?.startsWith(fence) === true) fence = undefined;
      continue;
    }
    if (mark !== undefined) fence = mark;
    const [, signs = "", title = ""] = ATX.exec(content) ?? [];
    if (title !== "") yield { level: signs.length, text: title, line };
    const under = underlined(lines, line);
    if (under) yield { ...under, line: line - 1 };
  }
}

/** A heading that the line below it makes one. */
function underlined(lines: readonly string[], line: number): Heading | undefined {
  const [, signs] = UNDERLINE.exec(lines[line] ?? "") ?? [];
  const text = lines[line - 1]?.trim() ?? "";
  if (signs === undefined || text === "" || NO_HEADING.test(text)) return undefined;
  // Where more than one line is above, it is no heading but the last line of a paragraph.
  if ((lines[line - 2]?.trim() ?? "") !== "") return undefined;
  return { level: signs.startsWith("=") ? 1 : 2, text };
}

/** Other headings, rows of tables, and the marks of front matter. */
const NO_HEADING = /^(#{1,6}\s|-)|\|/;
