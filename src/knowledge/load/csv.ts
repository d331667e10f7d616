import { dsvFormat } from "d3-dsv";
import type { Section } from "./section.ts";

const SEPARATORS = [",", "\t", ";", "|"];

/** A section for each row: a line for each of its cells, with the head of the column before it. */
export function csvSections(text: string): Section[] {
  const [head = [], ...rows] = dsvFormat(separatorOf(text)).parseRows(text);
  let line = 1 + heightOf(head);
  return rows.flatMap((cells, index): Section[] => {
    const at = { line, lastLine: line + heightOf(cells) - 1 };
    line = at.lastLine + 1;
    const lines = cells.flatMap((cell, column) => {
      const value = cell.trim();
      const name = head[column]?.trim() ?? "";
      if (value === "") return [];
      return [name === "" ? value : `${name}: ${value}`];
    });
    const row = index + 1;
    if (lines.length === 0) return [];
    return [{ text: lines.join("\n"), ...at, place: { first_row: row, last_row: row } }];
  });
}

/** How many lines a row has: cells in quotes may have several. */
const heightOf = (cells: readonly string[]): number =>
  1 + cells.reduce((sum, cell) => sum + cell.split("\n").length - 1, 0);

/** The sign that the head has most of, outside of quotes. */
function separatorOf(text: string): string {
  const head = (text.split("\n", 1)[0] ?? "").replaceAll(/"[^"]*"/g, "");
  const counts = SEPARATORS.map((sign) => ({ sign, count: head.split(sign).length }));
  return counts.toSorted((a, b) => b.count - a.count)[0]?.sign ?? ",";
}
