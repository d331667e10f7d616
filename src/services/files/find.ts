import type { Context } from "../../context.ts";
import { NotFoundError } from "../../core/errors.ts";
import type { FileInfo } from "../../domain/file.ts";
import type { PageOf } from "../../domain/page.ts";
import { allowed } from "../access.ts";

export async function readFile(
  ctx: Context,
  input: { file_id: string },
): Promise<{ file: FileInfo; bytes: Uint8Array }> {
  const access = await allowed(ctx, "files:read", input);
  const found = await ctx.storage.files.read(input.file_id, access);
  if (!found) throw new NotFoundError("File", input.file_id);
  return found;
}

export async function listFiles(
  ctx: Context,
  query: { limit: number; offset: number },
): Promise<PageOf<FileInfo>> {
  const access = await allowed(ctx, "files:search", { ...query });
  return ctx.storage.files.list({ ...query, access });
}

export async function deleteFile(ctx: Context, input: { file_id: string }): Promise<void> {
  const access = await allowed(ctx, "files:delete", input);
  if (!(await ctx.storage.files.delete(input.file_id, access)))
    throw new NotFoundError("File", input.file_id);
}
