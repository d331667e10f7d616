import type { Children } from "./children.ts";
import type { Workplaces } from "./workplace.ts";

/** What every benchmark works with; all of it ends with the bench. */
export interface Bench {
  children: Children;
  places: Workplaces;
  /** The fake model server that answers at once. */
  upstream: string;
  isQuick: boolean;
}

/** The figures of one benchmark. */
export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

/** A table as text, its columns under each other. */
export function textOf({ title, head, rows }: Table): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [title, ...lines, ""].join("\n");
}

export const fixed = (value: number | undefined, digits = 1): string =>
  value === undefined ? "-" : value.toFixed(digits);
export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;
export const signed = (value: number): string => `${value < 0 ? "" : "+"}${value.toFixed(1)}`;
