import { AppError } from "../../core/errors.ts";
import { type Chunk, chunksOf } from "../chunk.ts";
import { decodeText } from "./decode.ts";
import { type ContentType, DOCX } from "../../domain/document-kind.ts";
import { markdownSections } from "./markdown.ts";
import type { LoadLimits, Section } from "./section.ts";

type Loader = (bytes: Uint8Array, limits: LoadLimits) => Section[] | Promise<Section[]>;

const LOADERS: Readonly<Record<ContentType, Loader>> = {
  "text/plain": (bytes) => [{ text: decodeText(bytes), line: 1, place: {} }],
  "text/markdown": (bytes) => markdownSections(decodeText(bytes)),
  "text/html": async (bytes) => (await import("./html.ts")).htmlSections(bytes),
  "application/pdf": async (bytes, limits) => (await import("./pdf.ts")).pdfSections(bytes, limits),
  [DOCX]: async (bytes: Uint8Array, limits: LoadLimits) =>
    (await import("./docx.ts")).docxSections(bytes, limits),
  "text/csv": readCsv,
  "text/tab-separated-values": readCsv,
  "application/json": async (bytes) => (await import("./json.ts")).jsonSections(decodeText(bytes)),
  "application/jsonl": async (bytes) =>
    (await import("./json.ts")).jsonLineSections(decodeText(bytes)),
};

async function readCsv(bytes: Uint8Array): Promise<Section[]> {
  return (await import("./csv.ts")).csvSections(decodeText(bytes));
}

/** Reads a document and cuts it into chunks; refuses with an AppError that says what is wrong with it. */
export async function loadChunks(
  bytes: Uint8Array,
  type: ContentType,
  limits: LoadLimits,
): Promise<Chunk[]> {
  let chunks: Chunk[];
  try {
    chunks = await chunksOf(await LOADERS[type](bytes, limits), limits.chunks);
  } catch (error) {
    // The stack is too small for what a hostile document nests.
    if (error instanceof RangeError) throw new AppError("validation", "is nested too deeply");
    throw error;
  }
  if (chunks.length === 0) throw new AppError("validation", "has no text");
  return chunks;
}
