import { createHash } from "node:crypto";
import type { Context } from "../../context.ts";
import { AppError } from "../../core/errors.ts";
import type { JsonObject } from "../../core/json.ts";
import { documentHash, HEAD_BYTES, kindOf } from "../../domain/document-kind.ts";
import type { Ingested, OnProgress } from "../../knowledge/port.ts";
import { knowledgeModels, knowledgeOwner } from "./knowledge.ts";

/** A file that was received, and what is known of its bytes. */
export interface ReceivedFile {
  path: string;
  /** Its first bytes. */
  head: Uint8Array;
  sha256: string;
}

export interface Upload {
  collection: string;
  /** What it is called in citations, which may also say what kind it is. */
  source: string;
  /** What its sender says it is. */
  content_type?: string | undefined;
  content: string | Uint8Array | ReceivedFile;
  metadata?: JsonObject | undefined;
  force?: boolean | undefined;
  onProgress?: OnProgress | undefined;
}

/** Reads and keeps a document; one that has not changed costs nothing. */
export async function ingestDocument(
  ctx: Context,
  { content, content_type: declared, onProgress, ...about }: Upload,
  signal: AbortSignal,
): Promise<Ingested> {
  const owner = await knowledgeOwner(ctx, "knowledge:create", { ...about, content_type: declared });
  const file = typeof content === "string" ? Buffer.from(content) : content;
  const { source: name } = about;
  const content_type = await named(name, () => kindOf({ name, declared, head: headOf(file) }));
  const unread = { type: content_type, content: file };
  const document = {
    ...about,
    content_type,
    hash: documentHash(content_type, hashOf(file)),
    read: () => named(name, () => ctx.documentLoader.load(unread, signal)),
    onProgress,
  };
  return ctx.knowledge.ingest(owner, document, knowledgeModels(ctx, signal).embed);
}

const headOf = (file: Uint8Array | ReceivedFile): Uint8Array =>
  file instanceof Uint8Array ? file.subarray(0, HEAD_BYTES) : file.head;

const hashOf = (file: Uint8Array | ReceivedFile): string =>
  file instanceof Uint8Array ? createHash("sha256").update(file).digest("hex") : file.sha256;

/** What is wrong with a document says which one it is. */
async function named<Result>(
  source: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${source} ${error.message}`, { details: error.details });
  }
}
