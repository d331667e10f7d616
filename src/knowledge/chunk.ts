import { AppError } from "../core/errors.ts";

/** Characters of a chunk, and those it shares with the one before. */
const SIZE = 1000;
const OVERLAP = 150;
const MAX_CHUNKS = 5000;

/** From coarse to fine; Chinese sentences end without a space. */
const SEPARATORS = ["\n\n", "\n", "。", "！", "？", "；", ". ", "! ", "? ", "，", " ", ""];
const HEADINGS = ["\n# ", "\n## ", "\n### ", "\n#### "];

export interface Chunk {
  text: string;
  first_line: number;
  last_line: number;
}

/** The parts of a text, cut where its structure is weakest, with the lines they come from. */
export async function chunksOf(text: string, contentType: string): Promise<Chunk[]> {
  const { RecursiveCharacterTextSplitter } = await import("@langchain/textsplitters");
  const splitter = new RecursiveCharacterTextSplitter({
    chunkSize: SIZE,
    chunkOverlap: OVERLAP,
    separators: contentType === "text/markdown" ? [...HEADINGS, ...SEPARATORS] : SEPARATORS,
  });
  const parts = await splitter.splitText(text);
  if (parts.length > MAX_CHUNKS)
    throw new AppError("payload_too_large", `The document has more than ${MAX_CHUNKS} parts`);
  let from = 0;
  let line = 1;
  let counted = 0;
  return parts.map((part) => {
    const found = text.indexOf(part, from);
    const start = found < 0 ? from : found;
    line += linesIn(text.slice(counted, start));
    counted = start;
    from = start + 1;
    return { text: part, first_line: line, last_line: line + linesIn(part) };
  });
}

const linesIn = (text: string): number => text.split("\n").length - 1;
