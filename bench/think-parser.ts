import { ThinkParser } from "../src/models/think/think-parser.ts";
import type { Table } from "./bench.ts";

const MEGABYTE = 1024 * 1024;
const WORK = 4 * MEGABYTE;
const ROUNDS = 3;

const repeated = (text: string, size: number): string =>
  text.repeat(Math.ceil(size / text.length)).slice(0, size);

function pieces(text: string, size: number): string[] {
  const list: string[] = [];
  for (let at = 0; at < text.length; at += size) list.push(text.slice(at, at + size));
  return list;
}

const thinking = (inside: string): string => `<think>${repeated(inside, WORK)}`;

const SAMPLES: readonly (readonly [string, string[]])[] = [
  ["answer without tags, tokens of 4", pieces(repeated("word 好的 ", WORK), 4)],
  ["thinking, tokens of 4", pieces(thinking("word 好的 "), 4)],
  ["thinking, one character each", pieces(thinking("abc "), 1)],
  ["thinking, one piece", [thinking("abc ")]],
  ["almost closed, one character each", pieces(thinking("</think </thin"), 1)],
  ["almost closed, cut inside the tag", pieces(thinking("</thin "), 5)],
  ["nothing but <", pieces(thinking("<"), 3)],
  ["nothing but blanks", pieces(thinking(" \n"), 2)],
  ["blanks before all", pieces(repeated(" ", WORK), 2)],
];

function secondsFor(list: readonly string[]): number {
  const parser = new ThinkParser();
  const start = performance.now();
  for (const piece of list) parser.push(piece);
  parser.end();
  return (performance.now() - start) / 1000;
}

/** How fast `<think>` is split out of streams that are cut in the worst of ways. */
export async function thinkParser(): Promise<Table> {
  return {
    title: "Taking <think> out of a stream",
    head: ["", "pieces", "MB/s", "ns a piece"],
    rows: SAMPLES.map(([name, list]) => {
      const size = list.reduce((sum, piece) => sum + piece.length, 0);
      secondsFor(list);
      const seconds = Math.min(...Array.from({ length: ROUNDS }, () => secondsFor(list)));
      const speed = (size / MEGABYTE / seconds).toFixed(0);
      return [name, String(list.length), speed, ((seconds / list.length) * 1e9).toFixed(0)];
    }),
  };
}
