import type { ChunkPlace } from "../domain/chunk-place.ts";
import { AppError } from "../core/errors.ts";
import type { Section } from "./load/section.ts";

/** Characters of a chunk, and those it shares with the one before. */
const SIZE = 1000;
const OVERLAP = 150;
/** Sections are put together until they are as long as this. */
const ENOUGH = 400;

/** From coarse to fine; Chinese sentences end without a space. */
const SEPARATORS = ["\n\n", "\n", "。", "！", "？", "；", ". ", "! ", "? ", "，", " ", ""];

export interface Chunk extends ChunkPlace {
  text: string;
  first_line: number;
  last_line: number;
}

/** The parts of a document: whole sections where they are short, else cut where they are weakest. */
export async function chunksOf(sections: readonly Section[], most: number): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (const packed of pack(sections)) {
    const parts = packed.text.length <= SIZE ? [whole(packed)] : await split(packed);
    for (const part of parts) if (part.text !== "") chunks.push(part);
    if (chunks.length > most)
      throw new AppError(
        "payload_too_large",
        `has more than ${most} chunks (document_max_chunks): divide it`,
      );
  }
  return chunks;
}

/** Short sections that follow each other on a page become one. */
function* pack(sections: readonly Section[]): Generator<Section> {
  let held: Section | undefined;
  for (const section of sections) {
    if (held !== undefined && fits(held, section)) held = joined(held, section);
    else {
      if (held !== undefined) yield held;
      held = section;
    }
  }
  if (held !== undefined) yield held;
}

const fits = (held: Section, next: Section): boolean =>
  held.text.length < ENOUGH &&
  held.text.length + next.text.length < SIZE &&
  held.place.page === next.place.page;

function joined(held: Section, { text, line, lastLine, place }: Section): Section {
  // What the lines between them held, such as empty ones.
  const gap = lastLine === undefined ? Math.max(1, line - held.line - linesIn(held.text)) : 1;
  const rows = place.last_row === undefined ? {} : { last_row: place.last_row };
  return {
    ...held,
    ...(lastLine === undefined ? {} : { lastLine }),
    text: held.text + "\n".repeat(gap) + text,
    place: { ...place, ...held.place, ...rows },
  };
}

function whole({ text, line, lastLine, place }: Section): Chunk {
  const before = text.length - text.trimStart().length;
  const first_line = line + (lastLine === undefined ? linesIn(text.slice(0, before)) : 0);
  const part = text.trim();
  const last_line = lastLine ?? first_line + linesIn(part);
  return { text: part, first_line, last_line, ...place };
}

async function split({ text, line: top, lastLine, place }: Section): Promise<Chunk[]> {
  const { RecursiveCharacterTextSplitter } = await import("@langchain/textsplitters");
  const splitter = new RecursiveCharacterTextSplitter({
    chunkSize: SIZE,
    chunkOverlap: OVERLAP,
    separators: SEPARATORS,
  });
  let from = 0;
  let line = top;
  let counted = 0;
  return (await splitter.splitText(text)).map((part) => {
    const found = text.indexOf(part, from);
    const start = found < 0 ? from : found;
    from = start + 1;
    if (lastLine !== undefined)
      return { text: part, first_line: line, last_line: lastLine, ...place };
    line += linesIn(text.slice(counted, start));
    counted = start;
    return { text: part, first_line: line, last_line: line + linesIn(part), ...place };
  });
}

function linesIn(text: string): number {
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines;
}
