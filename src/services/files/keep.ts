import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import { filePath, type FileInfo } from "../../domain/file.ts";
import type { FileContent, FileStore } from "../../models/files/file-store-port.ts";
import { allowedToCreate } from "../access.ts";

type Parts = Pick<Context, "storage" | "clock" | "settings" | "langgraph">;

/** The address of a file: whole where the settings tell what clients call the server, or `origin` does. */
export function fileUrl(
  { settings, langgraph }: Pick<Parts, "settings" | "langgraph">,
  fileId: string,
  origin = "",
): string {
  const base = settings.public_url?.replace(/\/+$/, "") ?? `${origin}${langgraph.http.mountPrefix}`;
  return `${base}${filePath(fileId)}`;
}

/** Keeps a file for the actor. */
export async function keepFile(ctx: Context, content: FileContent): Promise<FileInfo> {
  const { metadata } = await allowedToCreate(ctx, "files:create", {
    content_type: content.contentType,
  });
  return await keep(ctx, content, metadata);
}

/** Keeps what the models of runs make: whoever may see the thread of the run may see the file. */
export function runFiles(parts: Parts): FileStore {
  return {
    async keep(content, origin) {
      const { threadId } = origin;
      const thread =
        threadId === undefined ? undefined : await parts.storage.threads.find(threadId);
      const made = madeIn(origin);
      const { file_id } = await keep(parts, content, { ...thread?.metadata, ...made });
      return { id: file_id, url: fileUrl(parts, file_id) };
    },
    read: async (fileId) => contentOf(await parts.storage.files.read(fileId)),
    async readFor(fileId, origin) {
      const found = await parts.storage.files.read(fileId);
      const { made_in_thread, made_for } = madeIn(origin);
      const isOwn =
        found?.file.metadata["made_for"] === made_for ||
        (made_in_thread !== null && found?.file.metadata["made_in_thread"] === made_in_thread);
      return isOwn ? contentOf(found) : undefined;
    },
  };
}

/** Which runs may read a file again: those of its thread, and those of whom it was made for. */
const madeIn = ({ threadId, owner }: Parameters<FileStore["keep"]>[1]) => ({
  made_in_thread: threadId ?? null,
  made_for: owner ?? "",
});

const contentOf = (
  found: { file: FileInfo; bytes: Uint8Array } | undefined,
): FileContent | undefined => found && { bytes: found.bytes, contentType: found.file.content_type };

async function keep(
  { storage, clock }: Pick<Parts, "storage" | "clock">,
  { bytes, contentType }: FileContent,
  metadata: JsonObject,
): Promise<FileInfo> {
  const file: FileInfo = {
    file_id: newId(),
    content_type: contentType,
    size: bytes.length,
    metadata,
    created_at: clock.now(),
  };
  await storage.files.create(file, bytes);
  return file;
}
