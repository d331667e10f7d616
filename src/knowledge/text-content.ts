import { createHash } from "node:crypto";
import { documentHash } from "../domain/document-kind.ts";
import { chunksOf } from "./chunk.ts";
import type { NewDocument } from "./port.ts";

const TYPE = "text/plain";
const MAX_CHUNKS = 20_000;

/** A text of the program's own as the content of a document. */
export const textContent = (text: string): Pick<NewDocument, "content_type" | "hash" | "read"> => ({
  content_type: TYPE,
  hash: documentHash(TYPE, createHash("sha256").update(text).digest("hex")),
  read: () => chunksOf([{ text, line: 1, place: {} }], MAX_CHUNKS),
});
