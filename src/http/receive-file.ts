import { createHash } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../core/errors.ts";
import { HEAD_BYTES } from "../domain/document-kind.ts";
import type { ReceivedFile } from "../services/knowledge/ingest.ts";

/** A body that is in a file, until it is disposed of. */
export type HeldFile = ReceivedFile & AsyncDisposable;

interface Limit {
  source: string;
  maxBytes: number;
}

/** Takes the bytes of a request in, without holding them in memory; at most so many. */
export async function receiveFile(request: Request, limit: Limit): Promise<HeldFile> {
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity")
    throw new AppError(
      "unsupported_media_type",
      `The body is encoded (${encoding}); send it plain`,
    );
  if (Number(request.headers.get("content-length") ?? 0) > limit.maxBytes) throw tooLarge(limit);
  const folder = await mkdtemp(join(tmpdir(), "kagari-upload-"));
  const dispose = () => rm(folder, { recursive: true, force: true });
  try {
    const path = join(folder, "document");
    const taken = await take(request, path, limit);
    return { path, ...taken, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw isFull(error) ? new AppError("storage_full", "No room for the document") : error;
  }
}

async function take(
  request: Request,
  path: string,
  limit: Limit,
): Promise<Pick<ReceivedFile, "head" | "sha256">> {
  await using file = await open(path, "wx", 0o600);
  const hash = createHash("sha256");
  let head = new Uint8Array();
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.byteLength;
    if (size > limit.maxBytes) throw tooLarge(limit);
    if (head.length < HEAD_BYTES) head = Buffer.concat([head, part]).subarray(0, HEAD_BYTES);
    hash.update(part);
    await file.writeFile(part);
  }
  return { head, sha256: hash.digest("hex") };
}

const isFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "ENOSPC";

const tooLarge = ({ source, maxBytes }: Limit): AppError =>
  new AppError(
    "payload_too_large",
    `${source} has more than ${maxBytes} bytes (document_max_bytes)`,
    {
      details: { max_bytes: maxBytes },
    },
  );
