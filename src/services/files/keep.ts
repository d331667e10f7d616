import type { Context } from "../../context.ts";
import { newId } from "../../core/ids.ts";
import { ANONYMOUS } from "../../domain/actor.ts";
import { filePath, type FileInfo, type NewFile } from "../../domain/file.ts";
import type { FileContent, FileStore } from "../../models/files/file-store-port.ts";
import { allowedToCreate } from "../access.ts";
import { addressBase } from "../address.ts";

const FILE_ID = /^[\da-f-]{36}$/i;

type Parts = Pick<Context, "storage" | "clock" | "settings" | "langgraph">;

/** The address of a file: whole where the settings tell what clients call the server, or `origin` does. */
export function fileUrl(
  parts: Pick<Parts, "settings" | "langgraph">,
  fileId: string,
  origin = "",
): string {
  return `${addressBase(parts, origin)}${filePath(fileId)}`;
}

/** Keeps a file for the actor. */
export async function keepFile(ctx: Context, content: FileContent): Promise<FileInfo> {
  const { metadata } = await allowedToCreate(ctx, "files:create", {
    content_type: content.contentType,
  });
  return await keep(ctx, content, { metadata });
}

/** Keeps what the models of runs make: whoever may see the thread of the run may see the file. */
export function runFiles({ guard, ...parts }: Parts & Pick<Context, "guard">): FileStore {
  const base = new URL(fileUrl(parts, ""), "http://any").pathname;
  return {
    async keep(content, { threadId }) {
      const thread =
        threadId === undefined ? undefined : await parts.storage.threads.find(threadId);
      const { file_id } = await keep(parts, content, {
        metadata: thread?.metadata ?? {},
        ...(content.goesWithThread === true && thread ? { thread_id: thread.thread_id } : {}),
      });
      return { id: file_id, url: fileUrl(parts, file_id) };
    },
    async read(fileId) {
      return contentOf(await parts.storage.files.read(fileId));
    },
    async readFor(fileId, user) {
      const actor = user === undefined ? ANONYMOUS : await guard.recall(user);
      const deed = { event: "files:read", value: { file_id: fileId } };
      const access = await guard.decide(actor, deed);
      return contentOf(await parts.storage.files.read(fileId, access));
    },
    idOf: (url) => {
      const { pathname = "" } = URL.parse(url, "http://any") ?? {};
      return pathname.startsWith(base) ? FILE_ID.exec(pathname.slice(base.length))?.[0] : undefined;
    },
  };
}

const contentOf = (
  found: { file: FileInfo; bytes: Uint8Array } | undefined,
): FileContent | undefined => found && { bytes: found.bytes, contentType: found.file.content_type };

async function keep(
  { storage, clock }: Pick<Parts, "storage" | "clock">,
  { bytes, contentType }: FileContent,
  belonging: Pick<NewFile, "metadata" | "thread_id">,
): Promise<FileInfo> {
  const file: FileInfo = {
    file_id: newId(),
    content_type: contentType,
    size: bytes.length,
    metadata: belonging.metadata,
    created_at: clock.now(),
  };
  await storage.files.create({ ...file, ...belonging }, bytes);
  return file;
}
